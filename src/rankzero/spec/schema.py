"""The JSON Schema of a job file, for editors. Made from the model; only the shorthands that the
model does not know are added here."""

from __future__ import annotations

from typing import Any

from rankzero.spec.friendly import ROLE_KEYS
from rankzero.spec.model import Job

_SCALAR = {"type": ["string", "number", "boolean"]}
_WORDS = {"anyOf": [{"type": "string"}, {"type": "array", "items": _SCALAR}]}
_TEXTS = {"type": "object", "additionalProperties": _SCALAR}
_WORD = {"type": "string"}


def json_schema() -> dict[str, Any]:
    """The schema of the form that `spec.load` reads (JSON Schema 2020-12)."""
    schema = Job.model_json_schema()
    definitions = schema["$defs"]
    role, param = definitions["Role"], definitions["Param"]
    schema["properties"]["params"]["additionalProperties"] = _or(_SCALAR, "Param")
    schema["properties"]["roles"]["additionalProperties"] = _or({"type": "null"}, "Role")
    for section in (schema, role):
        _shorthands(section["properties"])
    schema["properties"]["mpirun"] |= _WORDS
    for key in ROLE_KEYS:
        schema["properties"][key] = role["properties"][key]
    run = definitions["Run"]
    command = run["properties"]["command"]
    run["properties"]["command"] = {"description": command["description"], **_WORDS}
    param["properties"]["default"] = param["properties"].pop("value")
    param["required"] = []
    schema["required"] = []
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "rankzero job"
    definitions.pop("NodeRange", None)
    definitions["SecretKey"]["required"] = ["secret"]
    taint = definitions["Toleration"]["properties"]
    taint["value"] = {"description": taint["value"]["description"], **_SCALAR}
    return schema


def _or(simple: dict[str, Any], model: str) -> dict[str, Any]:
    return {"anyOf": [simple, {"$ref": f"#/$defs/{model}"}]}


def _one_or_more(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_WORD, {"type": "array", "items": item}]}


def _named(model: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _or(_WORD, model)}


#: Keys with forms that the model does not know.
_SHORT: dict[str, dict[str, Any]] = {
    "env": _TEXTS,
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "node_selector": _TEXTS,
    "place": {"type": "array", "items": _TEXTS},
    "tolerations": _one_or_more(_or(_WORD, "Toleration")),
    "volumes": _named("Volume"),
    "secrets": _named("SecretKey"),
    "env_from": _one_or_more(_or(_WORD, "EnvSource")),
    "pull_secrets": _one_or_more(_WORD),
    "api": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"$ref": "#/$defs/Rule"}}]},
}


def _shorthands(properties: dict[str, Any]) -> None:
    """What both a job and a role may write shorter, or as a number where text is meant."""
    described = {key: one.get("description", "") for key, one in properties.items()}
    properties["run"] = {"anyOf": [*_WORDS["anyOf"], {"$ref": "#/$defs/Run"}]}
    properties["args"] = dict(_WORDS)
    for key, said in _SHORT.items():
        if key in properties:
            properties[key] = dict(said)
    for key, one in properties.items():
        # `memory:` with nothing after it says nothing, everywhere.
        bare = {name: value for name, value in one.items() if name not in ("title", "default")}
        options = bare.pop("anyOf", None) or [bare]
        kept = [option for option in options if option != {"type": "null"}]
        properties[key] = {
            "description": described[key],
            "anyOf": [*kept, {"type": "null"}],
        }
        if one.get("default") not in (None, {}, []) and key != "nodes":
            properties[key]["default"] = one["default"]

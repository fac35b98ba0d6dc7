"""The JSON Schema of a pipeline file, for editors."""

from __future__ import annotations

from typing import Any

from rankzero.spec.pipelines.model import Pipeline
from rankzero.spec.schema import json_schema as of_a_job

_SCALAR = {"type": ["string", "number", "boolean"]}
_NUMBER = {"type": "number", "minimum": 0}
_WORD = {"type": "string"}
_WORDS = {"anyOf": [_WORD, {"type": "array", "items": _SCALAR}]}
_TEXTS = {"type": "object", "additionalProperties": _SCALAR}
#: How keys may be written that the model has in one form only.
_SHORT: dict[str, dict[str, Any]] = {
    "command": _WORDS,
    "job": {"anyOf": [_WORD, {"$ref": "#/$defs/Job"}]},
    "service": {"anyOf": [_WORD, {"type": "object"}]},
    "needs": _WORDS,
    "code": _WORDS,
    "inputs": {"anyOf": [_TEXTS, {"type": "array", "items": _WORD}]},
    "outputs": {
        "anyOf": [
            {"type": "object", "additionalProperties": {"enum": ["path", "value"]}},
            {"type": "array", "items": _WORD},
        ]
    },
    "for_each": {"anyOf": [_WORD, {"type": "array"}]},
    "retries": {"anyOf": [_NUMBER, _WORD]},
    "timeout": {"anyOf": [_NUMBER, _WORD]},
    "env": _TEXTS,
    "mounts": {
        "anyOf": [
            _WORDS,
            {
                "type": "object",
                "additionalProperties": {"anyOf": [_WORD, {"$ref": "#/$defs/Mount"}]},
            },
        ]
    },
}


def json_schema() -> dict[str, Any]:
    """The schema of the form that `load_pipeline` reads (JSON Schema 2020-12)."""
    schema = Pipeline.model_json_schema()
    job = of_a_job()
    step, steps = schema["$defs"]["Step"], schema["properties"]["steps"]
    for key, one in step["properties"].items():
        said = _SHORT.get(key, {name: one[name] for name in ("type", "default") if name in one})
        step["properties"][key] = {"description": one["description"], **said}
    steps["additionalProperties"] = {"$ref": "#/$defs/Step"}
    steps.pop("propertyNames", None)
    schema["properties"]["params"] = job["properties"]["params"]
    schema["properties"]["env"] = {
        "description": schema["properties"]["env"]["description"],
        **_TEXTS,
    }
    parts = {"Step": step, "Mount": schema["$defs"]["Mount"], "Source": schema["$defs"]["Source"]}
    parts["Mount"].pop("required")
    schema["properties"]["volumes"] = {
        "description": schema["properties"]["volumes"]["description"],
        "type": "object",
        "additionalProperties": {"anyOf": [_WORD, {"$ref": "#/$defs/Source"}]},
    }
    schema["$defs"] = {**parts, **job.pop("$defs"), "Job": job}
    schema["required"] = ["steps"]
    schema["$schema"] = job.pop("$schema")
    schema["title"] = "rankzero pipeline"
    return schema

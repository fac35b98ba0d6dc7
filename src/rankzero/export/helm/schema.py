"""values.schema.json: what values may be. Helm refuses others, with their place."""

from __future__ import annotations

import json
from typing import Any

from rankzero.export.helm.words import several
from rankzero.export.model import Outline
from rankzero.export.pods import writes_outputs
from rankzero.spec.model import Param

Schema = dict[str, Any]

_TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_TEXT: Schema = {"type": "string", "minLength": 1}
_OBJECT: Schema = {"type": "object"}
_NAMED: Schema = {"type": "object", "required": ["name"], "properties": {"name": _TEXT}}
_AMOUNTS: Schema = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|[MGTPE]|[KMGTPE]i)?$"},
        ]
    },
}
_MOUNT: Schema = {
    "type": "object",
    "required": ["name", "mountPath"],
    "properties": {"name": _TEXT, "mountPath": _TEXT, "readOnly": {"type": "boolean"}},
}
_ENV: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": _TEXT, "value": {"type": "string"}, "valueFrom": _OBJECT},
    "additionalProperties": False,
}


def text(outline: Outline) -> str:
    return json.dumps(schema(outline), indent=2) + "\n"


def schema(outline: Outline) -> Schema:
    """A key that no template reads is a mistake, whoever made it."""
    said = outline.job
    properties: Schema = {}
    if said.params:
        properties["params"] = _exactly({name: param(one) for name, one in said.params.items()})
    properties["roles"] = _exactly({part.role: role() for part in outline.parts})
    if outline.framework == "mpi":  # all of its ranks are in one pod
        for one in properties["roles"]["properties"].values():
            one["properties"]["nodes"] = {"const": 1}
    if several(outline):
        properties["ranks"] = {"type": "integer", "minimum": 1}
    if outline.framework not in ("tensorflow", "mpi"):
        properties["masterPort"] = _PORT
    properties["restartPolicy"] = {"enum": ["Never", "OnFailure"]}
    properties["backoffLimit"] = _WHOLE
    if writes_outputs(outline) and said.output_volume is None:
        properties["outputs"] = {"type": "object", "minProperties": 1, "maxProperties": 1}
    properties["imagePullSecrets"] = _list(_NAMED)
    made = _exactly(properties)
    # What Helm itself adds for subcharts.
    made["properties"]["global"] = _OBJECT
    return {"$schema": "http://json-schema.org/draft-07/schema#", **made}


def param(one: Param) -> Schema:
    """As the job declares it."""
    made: Schema = {"type": _TYPES[one.type]}
    limits = {"description": one.help or None, "minimum": one.min, "maximum": one.max}
    made |= {key: value for key, value in limits.items() if value is not None}
    return made if one.choices is None else {**made, "enum": list(one.choices)}


def role() -> Schema:
    return _exactly(
        {
            "nodes": {"type": "integer", "minimum": 1},
            "image": _TEXT,
            "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
            "args": _list({"type": "string"}),
            "ports": {"type": "object", "additionalProperties": _PORT},
            "gpus": _WHOLE,
            "gpuResource": _TEXT,
            "resources": _exactly({"requests": _AMOUNTS, "limits": _AMOUNTS}, required=False),
            "env": _list(_ENV),
            "envFrom": _list(_OBJECT),
            "nodeSelector": {"type": "object", "additionalProperties": {"type": "string"}},
            "tolerations": _list(_OBJECT),
            "volumes": _list(_NAMED),
            "volumeMounts": _list(_MOUNT),
        }
    )


def _exactly(properties: Schema, *, required: bool = True) -> Schema:
    made: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(properties)} if required else made


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}

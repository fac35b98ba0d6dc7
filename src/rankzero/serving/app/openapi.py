"""The OpenAPI document of a server, from what `/api` says. Pure."""

from __future__ import annotations

from typing import Any

_ERRORS = {
    400: "The input cannot be read.",
    401: "The token is missing or wrong.",
    408: "The body did not come in time.",
    413: "The input is too large.",
    415: "The input is of another type.",
    422: "The input can be read and is not allowed.",
    429: "Too many requests are here; Retry-After says when to try again.",
    500: "The predictor failed.",
    503: "The model is being loaded, or the predictor is stuck.",
    504: "There was no result in time.",
}
_OTHERS = {
    "/api": ("What this server takes and gives.", "application/json"),
    "/live": ("Whether the process answers.", "text/plain"),
    "/ready": ("Whether the model is loaded.", "text/plain"),
    "/metrics": ("Counts and times, for Prometheus.", "text/plain"),
}


def document(api: dict[str, Any], token: bool) -> dict[str, Any]:
    """api: what `/api` says. token: whether one is asked for."""
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": api["title"] or api["name"],
            "version": api["version"],
            "description": api["description"],
        },
        "paths": {"/predict": {"post": _predict(api, token)}, **_others(token)},
        "components": {"schemas": {"Error": _error()}},
    }
    if token:
        scheme = {"type": "http", "scheme": "bearer"}
        whole["components"]["securitySchemes"] = {"token": scheme}
        whole["security"] = [{"token": []}]
    return whole


def _predict(api: dict[str, Any], token: bool) -> dict[str, Any]:
    given = api["input"]
    content: dict[str, Any] = {}
    for media in given["media"]:
        schema = given["schema"] if media == "application/json" else {}
        content[media] = {"schema": schema}
        if examples := _examples(api, media):
            content[media]["examples"] = examples
    part = {"type": "object", "required": ["input"], "properties": {"input": {}}}
    content["multipart/form-data"] = {"schema": part}
    output = {
        "type": "object",
        "required": ["output"],
        "properties": {"output": api["output"]["schema"]},
    }
    errors = {
        str(status): _refusal(says) for status, says in _ERRORS.items() if token or status != 401
    }
    return {
        "summary": "One input's prediction.",
        "description": given["help"],
        "operationId": "predict",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": api["output"]["help"] or "The output.",
                "content": _json(output),
            },
            **errors,
        },
    }


def _examples(api: dict[str, Any], media: str) -> dict[str, Any]:
    return {
        str(place): {"summary": one["name"], "value": one["value"]}
        for place, one in enumerate(api["samples"])
        if one["media"] == media and "value" in one
    }


def _others(token: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, (summary, media) in _OTHERS.items():
        answer = {"description": summary, "content": {media: {}}}
        operation: dict[str, Any] = {"summary": summary, "responses": {"200": answer}}
        if path in ("/live", "/ready") and token:
            operation["security"] = []
        if path == "/ready":
            operation["responses"]["503"] = _refusal("Not yet, or not any more.")
        found[path] = {"get": operation}
    return found


def _refusal(says: str) -> dict[str, Any]:
    return {"description": says, "content": _json({"$ref": "#/components/schemas/Error"})}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    properties = {
        "status": {"type": "integer"},
        "code": text,
        "message": text,
        "hint": {"type": ["string", "null"]},
        "request_id": text,
    }
    error = {"type": "object", "required": list(properties), "properties": properties}
    return {"type": "object", "required": ["error"], "properties": {"error": error}}

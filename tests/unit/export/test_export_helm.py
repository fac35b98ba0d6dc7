"""A chart's values and their schema, against each other."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
import yaml

from rankzero.errors import BadRequest
from rankzero.export.forms import files, noted
from rankzero.export.model import Outline

from .cases import CASES, made


def chart(outline: Outline) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the values, their schema)"""
    written = files("helm", noted("helm", outline))
    return yaml.safe_load(written["values.yaml"]), json.loads(written["values.schema.json"])


@pytest.mark.parametrize("name", CASES)
def test_the_values_keep_to_their_schema(name: str) -> None:
    values, schema = chart(CASES[name]())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    jsonschema.validate({**values, "global": {}}, schema)


def keys(schema: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, inner in schema.get("properties", {}).items():
        found += [(*path, key), *keys(inner, (*path, key))]
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_key_that_is_misspelt_and_a_value_of_another_kind_are_refused(name: str) -> None:
    values, schema = chart(CASES[name]())
    for *above, key in keys(schema):
        if key == "global" or above[-1:] == ["resources"]:
            continue
        for wrong in ({f"{key}z": 1}, {key: object}):
            broken = copy.deepcopy(values)
            inner = broken
            for one in above:
                inner = inner[one]
            inner.update({one: None if what is object else what for one, what in wrong.items()})
            if key in ("emptyDir",):
                continue
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(broken, schema)


def test_params_have_their_type_and_limits() -> None:
    params = {
        "a": {"type": "int", "value": 1, "min": 0, "max": 9, "help": "how many"},
        "b": {"type": "str", "value": "x", "choices": ["x", "y"]},
        "c-d": {"type": "bool", "value": True},
    }
    values, schema = chart(made(params=params))
    assert values["params"] == {"a": 1, "b": "x", "c-d": True}
    said = schema["properties"]["params"]["properties"]
    assert said["a"] == {"type": "integer", "description": "how many", "minimum": 0, "maximum": 9}
    assert said["b"] == {"type": "string", "enum": ["x", "y"]}
    assert said["c-d"] == {"type": "boolean"}


def test_code_that_no_release_can_hold_is_refused() -> None:
    import random

    noise = random.Random(0).randbytes(500_000)
    with pytest.raises(BadRequest, match="too large for a Helm release") as told:
        files("helm", noted("helm", made(files={"train.py": b"", "noise": noise})))
    assert "--code-folder" in (told.value.hint or "")
    assert files("yaml", noted("yaml", made(files={"train.py": b"", "noise": noise})))

"""The checker of requests says what a full implementation of JSON Schema says."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.serving.types.schema import compiled

SCHEMAS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 0, "exclusiveMaximum": 3},
    {"type": ["string", "null"], "minLength": 1, "maxLength": 2, "pattern": "^a"},
    {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 2},
    {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True},
    {"enum": [1, "a", None, [True]]},
    {"const": {"a": 1}},
    {"anyOf": [{"type": "string"}, {"type": "number", "maximum": 1, "exclusiveMinimum": -1}]},
    {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}},
        "additionalProperties": False,
    },
    {"required": ["a"], "additionalProperties": {"type": "string"}},
    {"properties": {"a": False, "b": True}},
]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 4), st.sampled_from([0.5, 1.0, -1.0, "", "a", "ab"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@given(value=VALUES)
def test_it_agrees_with_a_whole_implementation(schema: dict[str, Any], value: Any) -> None:
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (compiled(schema)(value, "") is None) == valid


def test_it_says_what_is_wrong_and_where() -> None:
    number = {"type": "number"}
    check = compiled(
        {"properties": {"a": {"type": "array", "items": {"properties": {"b": number}}}}}
    )
    assert check({"a": [{"b": 1}, {"b": "x"}]}, "") == "a[1].b is string, not number."
    assert compiled({"required": ["a"]})({}, "") == 'The body lacks "a".'


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "#/a"}, {"type": "text"}, {"items": 7}, {"properties": {"a": {"oneOf": []}}}],
)
def test_what_is_not_checked_is_an_error_when_the_schema_is_given(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the schema"):
        compiled(schema)

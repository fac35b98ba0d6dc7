"""The user's class: how it is found and what is said of it; and the document made of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rankzero.errors import BadRequest, Refused
from rankzero.serving import keeping
from rankzero.serving.app.openapi import document
from rankzero.serving.app.routes import of_predictor
from rankzero.serving.predictors import MODULE, Predictor, split
from rankzero.serving.settings import Settings

WHOLE = '''
from rankzero.serving import Json, Sample, Text

class Words:
    """Counts words
    in a text.

    Not shown.
    """

    title = "How many words"
    input = Text(help="Any text.")
    output = Json({"type": "integer"}, help="The count.")

    def load(self, path):
        self.path = path

    def predict(self, batch):
        return [len(one.split()) for one in batch]

    def samples(self):
        return [Sample("two", "a b"), "c"]
'''
PLAIN = "class P:\n    def predict(self, batch):\n        return batch\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Predictor]:
    """A predictor of a file with this text; nothing of it stays imported."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, MODULE, ModuleType(MODULE))
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str) -> Predictor:
        Path("app.py").write_text(text)
        return Predictor(f"app.py:{name}")

    return write


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("app.py", "names no predictor"),
        (":P", "names no predictor"),
        ("app.py:", "names no predictor"),
        ("app.py:1P", "names no predictor"),
        ("app.py:a.b", "names no predictor"),
        ("nope.py:P", r"there is no file nope\.py"),
    ],
)
def test_a_name_that_can_be_no_predictor_s_is_told(target: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        split(target)


def test_a_module_is_named_as_a_file_is() -> None:
    assert split("package.app:P") == ("package.app", "P")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        (PLAIN.replace("P", "Q"), r"app\.py has no class P\.", "It has: Q"),
        ("P = 5\n", r"app\.py has no class P\.", None),
        ("def P(): pass\n", r"app\.py has no class P\.", None),
        ("class P: pass\n", r"P has no method predict\(self, batch\)", None),
        ("class P: predict = 5\n", "P has no method predict", None),
        (
            "from rankzero.serving import Text\nclass P:\n input = Text\n",
            r"P\.input is the class Text, not one of its kind",
            "Write input = Text()",
        ),
        ("class P: input = 5\n", r"P\.input is int, which can be no input", "See the kinds"),
        (
            "from rankzero.serving import Labels\nclass P: input = Labels()\n",
            r"P\.input is Labels, which can be no input",
            "See the kinds",
        ),
    ],
)
def test_what_is_no_predictor_is_told_with_what_to_write(
    made: Callable[[str, str], Predictor], text: str, says: str, hint: str | None
) -> None:
    with pytest.raises(BadRequest, match=says) as told:
        made(text, "P")
    assert (told.value.hint or "").startswith(hint or "") and bool(told.value.hint) == bool(hint)


def test_what_the_file_raises_comes_as_it_is(made: Callable[[str, str], Predictor]) -> None:
    with pytest.raises(ZeroDivisionError):
        made("1 / 0", "P")


def test_a_predictor_says_what_it_is(made: Callable[[str, str], Predictor]) -> None:
    predictor = made(WHOLE, "Words")
    assert (predictor.title, predictor.description) == (
        "How many words",
        "Counts words in a text.",
    )
    predictor.load("/models/words")
    assert predictor.predict(["a b", "c"]) == [2, 1]
    assert [(name, one.body) for name, one in predictor.samples()] == [
        ("two", b"a b"),
        ("sample 2", b"c"),
    ]


def test_one_that_says_nothing_takes_and_gives_json(
    made: Callable[[str, str], Predictor],
) -> None:
    predictor = made(PLAIN, "P")
    predictor.load(None)
    assert (predictor.title, predictor.description, predictor.samples()) == ("", "", [])
    assert predictor.predict([{"a": 1}]) == [{"a": 1}]
    assert (predictor.input.kind, predictor.output.kind) == ("json", "json")


def test_what_it_needs_and_is_not_there_is_told_before_it_is_loaded(
    made: Callable[[str, str], Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PLAIN.replace("class P:", "class P:\n    input = output = Array((2,))")
    predictor = made(f"from rankzero.serving import Array\n{text}", "P")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadRequest, match=r"P needs what is not installed: numpy\.") as told:
        predictor.load(None)
    assert told.value.hint == "Install it: pip install numpy"


def test_a_server_checks_beforehand_what_can_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.py").write_text("1 / 0")  # is not run by who checks
    keeping.check(Settings("app.py:P"))
    with pytest.raises(BadRequest, match="no file nope"):
        keeping.check(Settings("nope.py:P"))
    with pytest.raises(BadRequest, match="no token was given"):
        keeping.check(Settings("app.py:P", host="0.0.0.0"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        Refused, match="not installed: starlette, uvicorn, python-multipart"
    ) as not_:
        keeping.check(Settings("app.py:P"))
    assert "pip install 'rankzero[serve]'" in str(not_.value.hint)


# -- the document


def api(predictor: Predictor, **more: Any) -> dict[str, Any]:
    return {**of_predictor(predictor), "version": "1.2", "samples": [], **more}


def references(node: Any) -> set[str]:
    """All that a document refers to in itself."""
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("token", [False, True])
def test_a_document_asks_for_a_token_where_the_server_does(
    made: Callable[[str, str], Predictor], token: bool
) -> None:
    found = document(api(made(WHOLE, "Words")), token)
    answers = found["paths"]["/predict"]["post"]["responses"]
    assert ("401" in answers, "security" in found) == (token, token)
    assert ("securitySchemes" in found["components"]) == token
    opened = {
        path for path, one in found["paths"].items() if one.get("get", {}).get("security") == []
    }
    assert opened == ({"/live", "/ready"} if token else set()), "who looks after it has none"


def test_a_document_says_what_the_predictor_takes_and_gives(
    made: Callable[[str, str], Predictor],
) -> None:
    samples = [
        {"name": "two", "media": "text/plain", "url": "samples/0", "value": "a b"},
        {"name": "picture", "media": "image/png", "url": "samples/1"},
        {"name": "json", "media": "application/json", "url": "samples/2", "value": None},
    ]
    found = document(api(made(WHOLE, "Words"), samples=samples), False)
    assert found["info"] == {
        "title": "How many words",
        "version": "1.2",
        "description": "Counts words in a text.",
    }
    post = found["paths"]["/predict"]["post"]
    taken = post["requestBody"]["content"]
    assert {"text/plain", "multipart/form-data"} <= set(taken)
    assert taken["text/plain"]["examples"] == {"0": {"summary": "two", "value": "a b"}}
    assert "examples" not in taken["multipart/form-data"]
    given = post["responses"]["200"]
    assert given["description"] == "The count."
    schema = given["content"]["application/json"]["schema"]
    assert schema["properties"]["output"] == {"type": "integer"}
    assert set(post["responses"]) > {"400", "413", "422", "429", "503", "504"}


def test_a_document_s_references_lead_somewhere(made: Callable[[str, str], Predictor]) -> None:
    found = document(api(made(PLAIN, "P")), True)
    assert references(found) == {"#/components/schemas/Error"}
    error = found["components"]["schemas"]["Error"]["properties"]["error"]
    assert error["required"] == ["status", "code", "message", "hint", "request_id"]
    assert found["info"]["title"] == "P"

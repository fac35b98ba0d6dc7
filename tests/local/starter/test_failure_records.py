"""What a rank leaves behind when it fails: the evidence for the run's root cause."""

from __future__ import annotations

import json
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Python, Seen


def fail(python: Python, text: str, **env: str) -> tuple[Seen, dict[str, Any] | None]:
    """Run it as a rank; what it showed, and what it recorded."""
    (python.folder / "train.py").write_text(textwrap.dedent(text))
    record = python.folder / "error.json"
    seen = python.rank("script", "train.py", env={"RANKZERO_ERROR_FILE": str(record), **env})
    assert [p for p in python.folder.iterdir() if p.name.startswith("error.json.")] == []
    return seen, json.loads(record.read_text()) if record.exists() else None


def test_an_exception_is_recorded_with_the_users_frames(python: Python) -> None:
    before = time.time()

    _, record = fail(
        python,
        """
        import json

        class OutOfData(Exception):
            pass

        def load():
            try:
                json.loads("{")
            except ValueError:
                raise OutOfData("epoch 3: größe") from None

        load()
        """,
    )

    assert record is not None
    assert before <= record["time"] <= time.time()
    assert (record["type"], record["message"]) == ("OutOfData", "epoch 3: größe")
    assert [(f["line"], f["function"], f["source"]) for f in record["frames"]] == [
        (13, "<module>", "load()"),
        (11, "load", 'raise OutOfData("epoch 3: größe") from None'),
    ]
    assert all(f["file"].endswith("train.py") for f in record["frames"])
    assert record["traceback"].startswith("Traceback (most recent call last):\n")
    assert "starter" not in record["traceback"]


def test_frames_of_libraries_are_left_out(python: Python) -> None:
    library = python.folder / "site-packages" / "lib.py"
    library.parent.mkdir()
    library.write_text("import json\ndef read(): return json.loads('{')\n")

    _, record = fail(
        python, "import sys; sys.path.append('site-packages')\nimport lib\nlib.read()\n"
    )

    assert record is not None
    assert record["type"] == "json.decoder.JSONDecodeError"
    assert [f["source"] for f in record["frames"]] == ["lib.read()"]
    assert "lib.py" in record["traceback"]


def test_where_all_frames_are_a_librarys_they_are_kept(python: Python) -> None:
    package = python.folder / "site-packages"
    package.mkdir()
    (package / "tool.py").write_text("raise ValueError('no arguments')\n")
    record = python.folder / "error.json"

    python.rank("script", "site-packages/tool.py", env={"RANKZERO_ERROR_FILE": str(record)})

    assert len(json.loads(record.read_text())["frames"]) == 1


def test_only_the_last_frames_of_many(python: Python) -> None:
    _, record = fail(python, "def f(n):\n    return f(n + 1)\nf(0)\n")

    assert record is not None
    assert record["type"] == "RecursionError"
    assert {f["function"] for f in record["frames"]} == {"f"}
    assert len(record["frames"]) == 20
    assert len(record["traceback"]) < 66_000


def test_a_very_long_message_is_cut(python: Python) -> None:
    _, record = fail(python, "raise ValueError('a' * 200_000 + 'end')")

    assert record is not None
    assert len(record["message"]) == 4000
    assert "characters left out" in record["traceback"]
    assert record["traceback"].endswith("aend\n")


def test_it_is_recorded_before_the_interpreter_ends(python: Python) -> None:
    seen, record = fail(
        python,
        """
        import atexit, os
        atexit.register(lambda: print(os.path.exists("error.json")))
        raise ValueError
        """,
    )

    assert seen.out == "True\n"
    assert record is not None


def test_a_syntax_error(python: Python) -> None:
    _, record = fail(python, "x = = 1\n")

    assert record is not None
    assert (record["type"], record["frames"]) == ("SyntaxError", [])
    assert "line 1" in record["message"]


@pytest.mark.parametrize(
    ("code", "message"), [("2", "exited with code 2"), ("'no data'", "no data")]
)
def test_an_exit_that_means_failure(python: Python, code: str, message: str) -> None:
    _, record = fail(python, f"import sys\ndef quit():\n    sys.exit({code})\nquit()\n")

    assert record is not None
    assert (record["type"], record["message"]) == ("SystemExit", message)
    assert record["frames"][-1]["function"] == "quit"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "raise SystemExit",
        "raise SystemExit(0)",
        "raise SystemExit(False)",
        "raise KeyboardInterrupt",
    ],
)
def test_what_is_no_failure_leaves_no_record(python: Python, text: str) -> None:
    _, record = fail(python, text)

    assert record is None


def test_an_exception_that_cannot_be_shown(python: Python) -> None:
    seen, record = fail(
        python,
        """
        class Broken(Exception):
            def __str__(self):
                raise RuntimeError("no text")
        raise Broken
        """,
    )

    assert record is not None
    assert record["message"] == "<its message cannot be shown: RuntimeError>"
    assert seen.code == 1


def test_where_it_cannot_be_recorded_the_script_fails_as_ever(
    this_python: Python, tmp_path: Path
) -> None:
    lost = str(tmp_path / "no such folder" / "error.json")

    seen, _ = fail(this_python, "raise ValueError('the cause')", RANKZERO_ERROR_FILE=lost)

    assert seen.code == 1
    assert "could not record the failure" in seen.err
    assert seen.err.endswith("ValueError: the cause\n")


def test_a_fatal_signal_leaves_the_stacks(python: Python) -> None:
    crash = python.folder / "crash.txt"

    seen, record = fail(
        python,
        """
        import ctypes
        def read_nowhere():
            ctypes.string_at(0)
        read_nowhere()
        """,
        RANKZERO_CRASH_FILE=str(crash),
    )

    assert seen.code == -11
    assert record is None
    assert "Segmentation fault" in crash.read_text()
    assert "read_nowhere" in crash.read_text()

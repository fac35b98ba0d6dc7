"""What of a predictor travels: the server with its packages, and a model."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from rankzero.agent.unpack import unpack
from rankzero.code import model_files
from rankzero.code.server_zip import server_zip
from rankzero.code.shipment import PART
from rankzero.errors import BadRequest, Refused


def test_the_server_travels_with_what_it_imports_and_nothing_compiled() -> None:
    pytest.importorskip("starlette")
    packed = server_zip()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = set(archive.namelist())
        versions = json.loads(archive.read("packages.json"))

    assert {"rankzero/serving/__main__.py", "rankzero/agent/server.py", "__main__.py"} <= names
    assert {"starlette", "uvicorn", "h11", "anyio", "click"} <= versions["packages"].keys()
    assert versions["python"] >= [3, 10]
    assert "packages/uvicorn/uvicorn/__init__.py" in names
    assert not any(name.endswith((".so", ".pyc")) for name in names)
    assert packed == server_zip() and len(packed) <= PART


def test_a_model_comes_as_it_was(tmp_path: Path) -> None:
    model = tmp_path / "outputs"
    (model / "deep").mkdir(parents=True)
    (model / ".gitignore").write_text("*.pt")
    (model / "model.pt").write_bytes(b"weights")
    (model / "deep" / "token.json").write_text("{}")
    shipped = model_files.pack_model(model)
    parts = tmp_path / "parts"
    parts.mkdir()
    for at, part in enumerate(shipped.parts):
        (parts / f"{at:03d}").write_bytes(part)
    unpack(str(parts), shipped.digest, str(tmp_path / "there"))

    # What was named travels, whatever is ignored elsewhere.
    assert (tmp_path / "there" / "model.pt").read_bytes() == b"weights"
    assert (tmp_path / "there" / "deep" / "token.json").read_text() == "{}"


def test_a_single_file_travels_without_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"weights")
    (tmp_path / "other.pt").write_bytes(b"other")

    assert model_files.pack_model(tmp_path / "model.pt").files == 1


def test_a_model_that_is_too_large_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "LIMIT", 1000)
    (tmp_path / "model.pt").write_bytes(os.urandom(2000))

    with pytest.raises(Refused, match="too large to travel") as refused:
        model_files.pack_model(tmp_path / "model.pt")
    assert "--model volume:CLAIM/PATH" in str(refused.value)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"there is no .*nothing-here"):
        model_files.pack_model(tmp_path / "nothing-here")
    with pytest.raises(BadRequest, match="there is nothing in"):
        model_files.pack_model(tmp_path)

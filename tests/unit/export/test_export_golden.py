"""What comes out, pinned by golden files.

RANKZERO_RENEW_GOLDEN=1 pytest tests/unit/export && git diff tests/unit/export
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rankzero.export import kfp
from rankzero.export.forms import files, noted

from .cases import CASES, EVERY

GOLDEN = Path(__file__).parent / "golden"
STEP, AS_IT_IS = Path(kfp.__file__).parent / "step.py", b"# rankzero/export/kfp/step.py\n"


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_the_files_are_as_they_were(name: str, form: str) -> None:
    folder = GOLDEN / name / form
    made = {
        path: _bytes(content) for path, content in files(form, noted(form, CASES[name]())).items()
    }
    if (step := made.get("step.py")) is not None and form == "kfp":
        assert step == STEP.read_bytes()  # the same in each, so once is enough
        made["step.py"] = AS_IT_IS
    if os.environ.get("RANKZERO_RENEW_GOLDEN"):
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    there = [path for path in folder.rglob("*") if path.is_file()]
    assert {str(one.relative_to(folder)): one.read_bytes() for one in there} == made


def test_nothing_else_is_kept() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content

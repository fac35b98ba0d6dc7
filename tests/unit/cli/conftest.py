"""Screens that write into memory, and the command line in this process."""

from __future__ import annotations

import io

import pytest

from rankzero.cli.main import run
from rankzero.cli.show.terminal import Screen


class Paper(io.TextIOWrapper):
    """A text stream over bytes that can be read back."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")

    def bytes(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()

    def text(self) -> str:
        return self.bytes().decode(self.encoding)


@pytest.fixture
def paper():
    """Makes a screen and the paper that it writes on."""

    def make(tty=False, colour=False, signs=True, encoding="utf-8"):
        stream = Paper(encoding)
        return Screen(stream, tty, colour, signs), stream

    return make


@pytest.fixture
def rankzero(capsys, monkeypatch, tmp_path):
    """Runs the command line here, with a state folder of its own: (code, stdout, stderr)."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("RANKZERO_DEBUG", raising=False)
    monkeypatch.delenv("RANKZERO_ON", raising=False)

    def call(*argv):
        code = run(argv)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call

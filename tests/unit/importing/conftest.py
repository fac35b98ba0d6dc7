"""Short ways to an import, and to what is wrong with a source."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from rankzero import importing
from rankzero.errors import BadRequest


@pytest.fixture
def line() -> Callable[[str], importing.Imported]:
    """`line("torchrun train.py")`: the import of a command line."""
    return lambda text: importing.from_words(shlex.split(text))


@pytest.fixture
def told() -> Callable[..., str]:
    """What is said of a source that is wrong: a command line, or, with a name, a file's text."""

    def told(text: str, source: str = "", **more: str) -> str:
        with pytest.raises(BadRequest) as caught:
            if source:
                importing.from_text(text, source, **more)
            else:
                importing.from_words(shlex.split(text))
        return str(caught.value)

    return told

"""What is wrong with a step, told with the step's name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rankzero.errors import BadRequest, Refused
from rankzero.spec.problems import SpecError


@contextlib.contextmanager
def of_step(name: str) -> Iterator[None]:
    """Errors from within say of which step they are; those of a file have their place already."""
    try:
        yield
    except SpecError:
        raise
    except (BadRequest, Refused) as error:
        error.args = (f"{name}: {error.args[0]}", *error.args[1:])
        raise

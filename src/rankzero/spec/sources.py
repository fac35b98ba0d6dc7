"""A volume as options say it: `--size 5Gi --access many --class fast`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from rankzero.spec.given import Given, word
from rankzero.spec.pods import Source
from rankzero.spec.problems import Place, SpecError
from rankzero.spec.validate import problem_of


def source(name: str, options: Mapping[str, str | None]) -> Source:
    """The claim of a name. options: size, access and class; None was not given.

    Errors: SpecError.
    """
    said = {key: word(text, Place(option=f"--{key}")) for key, text in options.items() if text}
    tree = Given({"claim": Given(name, Place(option="NAME"), name), **said}, Place(option="NAME"))
    try:
        return Source.model_validate(tree.plain())
    except ValidationError as error:
        found = [problem_of(tree, one, _unknown) for one in error.errors(include_url=False)]
        raise SpecError(found) from None


def _unknown(path: list[str | int]) -> str:
    return f"unknown key {path[-1]}"

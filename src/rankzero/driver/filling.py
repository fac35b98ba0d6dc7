"""`${name}` in a text, and what stands for it. `$${` is a plain `${`. Pure."""

import json
import re
from typing import Callable, Iterator, Optional

_USE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,300})(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?|-?nan|-?inf")
_BOOLEANS = ("true", "false", "True", "False")


def filled(text: str, look: Callable[[str], str]) -> str:
    """The text with each `${name}` replaced by what `look` says of the name."""
    return _USE.sub(lambda found: "${" if found[1] else look(found[2]), text)


def filled_in_part(text: str, look: Callable[[str], Optional[str]]) -> str:
    """The text, to be filled once more: a name of which `look` knows nothing stays."""

    def replacement(found: "re.Match[str]") -> str:
        value = None if found[1] else look(found[2])
        return found[0] if value is None else value.replace("${", "$${")

    return _USE.sub(replacement, text)


def names(text: str) -> Iterator[str]:
    """The names that a text uses."""
    return (found[2] for found in _USE.finditer(text) if not found[1])


def literal(text: str) -> str:
    """A value as a condition reads it: a number, true and false as they are, else in quotes."""
    bare = text.strip()
    plain = _NUMBER.fullmatch(bare) or bare in _BOOLEANS
    return bare if plain else json.dumps(text, ensure_ascii=False)

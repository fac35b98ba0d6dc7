"""The one function through which all goes that leaves in a bundle. Pure.

A secret is known by what stands before it, by what it looks like, by where Kubernetes and Docker
keep it, or by its value, where this machine has it. In doubt it is taken out: what is missing in a
bundle can be asked for. It is a net and no proof, so who sends one looks through it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rankzero.doctor.bundle.naming import is_secret

REMOVED = "(removed)"
#: A value that is known is looked for everywhere, but for one that is as short as a word.
_SHORTEST = 8
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL)
_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{0,40}://)([^\s'\"]*)")
_HEADER = re.compile(
    r"\b((?:Set-)?Cookie|(?:Proxy-)?Authorization)(\s*:\s*)[^\r\n\"']+", re.IGNORECASE
)
_SCHEME = re.compile(r"\b(Bearer|Basic|Digest|Negotiate)\s+[^\s'\"]+", re.IGNORECASE)
#: Tokens that say of themselves what they are.
_TOKENS = re.compile(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_\w{16,}|sk-[\w-]{16,}"
    r"|xox[a-z]-[\w-]{8,}|(?:AKIA|ASIA)[0-9A-Z]{12,}|AIza[\w-]{24,}|ya29\.[\w.-]{16,}"
    r"|npm_\w{24,}|pypi-[\w-]{24,}|dckr_pat_[\w-]{16,}|sha256~[\w-]{24,}"
    r"|eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*)"
)
#: In quotes, or up to a space: what else ends it may be a part of it.
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s\"']\S*")
#: What stands before one: `NAME=VALUE`, `name: value`, `"name": "value"`, `--name VALUE`. No sign
#: is looked at from every one before it: a bundle may hold a line of a million of them.
_SAID = re.compile(
    r"(?<![\w.-])(?:(?![A-Za-z_.])[\w.-])*(?P<name>[A-Za-z_.][\w.-]*)[\"']?\s*[:=]\s*"
)
_OPTION = re.compile(r"(?P<name>--?[A-Za-z][\w-]{0,99})[\"']?,?\s+")
#: Keys below which names of secrets stand, and no secret.
_NAMES_ONLY = {
    *("secretKeyRef", "secretRef", "imagePullSecrets", "secret", "secrets", "pull_secrets"),
    *("secretName", "serviceAccountToken", "nodePublishSecretRef"),
}
_NAMED = {"name", "secretName", "secret"}


class Redaction:
    """known: secrets that are known by their values."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        longest_first = sorted({one for one in known if len(one) >= _SHORTEST}, key=len)[::-1]
        self._known = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def text(self, said: str) -> str:
        """A text as it may be sent. One that is an object of JSON is looked at as that."""
        if said.lstrip()[:1] in ("{", "["):
            try:
                return json.dumps(self.data(json.loads(said)), ensure_ascii=False)
            except ValueError:
                pass
        said = self._known.sub(REMOVED, said)
        said = _PEM.sub(REMOVED, said)
        said = _URL.sub(_anybody, said)
        said = _HEADER.sub(rf"\1\2{REMOVED}", said)
        said = _SCHEME.sub(rf"\1 {REMOVED}", said)
        said = _TOKENS.sub(REMOVED, said)
        return _each(_OPTION, _each(_SAID, said))

    def data(self, thing: Any) -> Any:  # noqa: ANN401
        """The same of what JSON holds; keys stay, so that one sees what was there."""
        if isinstance(thing, str):
            return self.text(thing)
        if isinstance(thing, Mapping):
            return self._mapping(thing)
        if isinstance(thing, Sequence):
            return self._list(thing)
        return thing

    def _mapping(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        wiped: tuple[str, ...] = ()
        if thing.get("kind") == "Secret":
            wiped = ("data", "stringData")
        elif is_secret(str(thing.get("name", ""))):
            wiped = ("value",)  # a variable of a container, or an argument
        made = {}
        for key, value in thing.items():
            key = self.text(str(key))
            if key in wiped or (is_secret(key) and not _only_names(key, value)):
                made[key] = _without(value)
            else:
                made[key] = self.data(value)
        return made

    def _list(self, thing: Sequence[Any]) -> list[Any]:
        """An option's value may be the next word."""
        made: list[Any] = []
        before: Any = ""
        for one in thing:
            follows = isinstance(before, str) and before.startswith("-") and is_secret(before)
            made.append(_without(one) if follows and "=" not in before else self.data(one))
            before = one
        return made


def _without(thing: Any) -> Any:  # noqa: ANN401
    """Its shape, and none of its words; a number or a truth says what is set up, and is none."""
    if isinstance(thing, Mapping):
        return {key: _without(value) for key, value in thing.items()}
    if isinstance(thing, str | bytes):
        return REMOVED if thing else thing
    return [_without(one) for one in thing] if isinstance(thing, Sequence) else thing


def _only_names(key: str, value: Any) -> bool:  # noqa: ANN401
    """Whether it names a Secret of Kubernetes, in a form in which that is done."""
    if key not in _NAMES_ONLY or key == "pull_secrets":
        return key == "pull_secrets"
    if isinstance(value, str):
        return key not in ("secret", "secrets")
    named = value if isinstance(value, list) else [value]
    return all(isinstance(one, Mapping) and _NAMED & one.keys() for one in named)


def _anybody(url: re.Match[str]) -> str:
    """Without who asks, up to the last sign that ends it: a password may hold any other one."""
    scheme, rest = url.groups()
    return f"{scheme}{REMOVED}@{rest.rpartition('@')[2]}" if "@" in rest else url[0]


def _each(pattern: re.Pattern[str], said: str) -> str:
    """The text without what stands behind secrets' names. What stands behind another name may be
    such a name itself: `error: password=...`."""
    made, at = [], 0
    while (found := pattern.search(said, at)) is not None:
        made.append(said[at : found.end()])
        at = found.end()
        value = _VALUE.match(said, at) if is_secret(found["name"]) else None
        if value is not None and value[0] != REMOVED:
            made.append(REMOVED)
            at = value.end()
    return "".join([*made, said[at:]])

"""What a model server is told: one JSON object, the same for a laptop and for a pod."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankzero.errors import BadRequest

#: Where a server says that its model is loaded, and that it lives.
READY, LIVE = "/ready", "/live"
#: A token from the environment, for whoever can mount no file.
TOKEN = "RANKZERO_SERVE_TOKEN"  # noqa: S105 - the variable's name


@dataclasses.dataclass(frozen=True)
class Settings:
    """Times in seconds, sizes in bytes.

    predictor: `app.py:Predictor` or `package.module:Predictor`. model: what `load` gets.
    host, port: where to listen; port 0 takes a free one. workers: processes, each with its model.
    max_batch: inputs a call of `predict`. batch_wait_ms: how long the first of a batch may wait for
    others, where the predictor is free. queue: how many requests a worker may have at once; more
    are refused with 429. max_body: of a request. timeout: from a request's head to its answer; a
    batch that takes longer costs its worker. drain: how long a server that was asked to end goes on
    to take new connections, while whoever sends to it learns of its end. grace: how long what was
    taken may then take. recycle_after: a worker is replaced after so many requests, 0: never.
    token_file: what `Authorization: Bearer` has to say. no_token: nobody is asked for one, also
    where other machines can connect. access_log: a line of JSON a request, on stdout.
    """

    predictor: str
    model: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    max_batch: int = 32
    batch_wait_ms: float = 2.0
    queue: int = 256
    max_body: int = 10 << 20
    timeout: float = 30.0
    drain: float = 0.0
    grace: float = 30.0
    recycle_after: int = 0
    token_file: str | None = None
    no_token: bool = False
    access_log: bool = True

    def __post_init__(self) -> None:
        """Errors: BadRequest."""
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise BadRequest(
                    f"{name.replace('_', '-')} is {getattr(self, name)}; at least {least}."
                )
        if self.port > 65535:
            raise BadRequest(f"port is {self.port}; at most 65535.")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Settings:
        """From plain data. Errors: BadRequest."""
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := set(data) - known:
            raise BadRequest(f'a server\'s settings have the unknown key "{sorted(unknown)[0]}".')
        if not isinstance(data.get("predictor"), str):
            raise BadRequest('a server\'s settings lack the key "predictor".')
        for field in dataclasses.fields(cls):
            if field.name in data and not _fits(data[field.name], field.default):
                name = field.name.replace("_", "-")
                raise BadRequest(f"{name} is {data[field.name]!r}; write {_WORDS[field.type]}.")
        return cls(**data)

    @classmethod
    def read(cls, path: Path) -> Settings:
        """From a JSON file. Errors: BadRequest."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadRequest(f"the settings in {path} cannot be read: {error}") from None
        if not isinstance(data, dict):
            raise BadRequest(f"the settings in {path} are no JSON object.")
        return cls.of(data)

    def plain(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def token(self) -> str | None:
        """What has to be said, where anything has to. Errors: BadRequest where it cannot be had, or
        where strangers could connect and nobody said that they may."""
        found = self._token()
        if found is None and not self.no_token and not _loopback(self.host):
            raise BadRequest(
                f"{self.host} can be reached from other machines, and no token was given.",
                "Give one (--token-file FILE), or say that anybody may use it: --no-token",
            )
        return None if self.no_token else found

    def _token(self) -> str | None:
        if self.token_file is None:
            return os.environ.get(TOKEN) or None
        try:
            found = Path(self.token_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise BadRequest(f"the token in {self.token_file} cannot be read: {error}") from None
        if not found.isascii() or not found.isprintable() or len(found) < 8:
            make = "python -c 'import secrets; print(secrets.token_urlsafe())'"
            raise BadRequest(
                f"the token in {self.token_file} must be 8 or more printable ASCII characters.",
                f"Make one: {make} > {self.token_file}",
            )
        return found


_LEAST = {
    "port": 0,
    "workers": 1,
    "max_batch": 1,
    "batch_wait_ms": 0,
    "queue": 1,
    "max_body": 1,
    "timeout": 0.001,
    "drain": 0,
    "grace": 0,
    "recycle_after": 0,
}


#: By the annotations of `Settings`.
_WORDS: dict[Any, str] = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a string",
    "str | None": "a string",
}


def _fits(value: Any, default: Any) -> bool:
    """Whether a value is of a default's type; those that have none, or None, are strings."""
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        kinds = int | float if isinstance(default, float) else int
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, str) or (value is None and default is None)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

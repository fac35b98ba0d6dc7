"""Names and passwords for registries: Docker's configuration, its helpers, and what they keep.

The file and the helpers' protocol are Docker's: `docker login`, "Credential stores".
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from rankzero.agent.worded import in_words
from rankzero.errors import BadRequest, Refused
from rankzero.images.files import write_json
from rankzero.images.names import HUB

#: What Docker's configuration calls Docker Hub.
_HUB_KEY = "https://index.docker.io/v1/"
#: A user of this name has no password but a token of its own.
_TOKEN = "<token>"  # noqa: S105 - a word of the protocol
#: Of that configuration, what is known of each registry.
_TABLES = ("auths", "credHelpers")
_PATIENCE = 30.0


class Login(NamedTuple):
    """Who one is for a registry. token: an identity token, where there is no password."""

    user: str
    password: str
    token: str = ""


def file() -> Path:
    """Where Docker keeps them, and other tools look for them."""
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def find(registry: str) -> Login | None:
    """What is known of a registry. Errors: Refused for a file or a helper that is broken."""
    config = _read()
    key = _key(registry)
    helper = _helper(config, key)
    if helper and (found := _from_helper(helper, key)) is not None:
        return found
    auths = config.get("auths") or {}
    entry = next((auths[one] for one in auths if _host(one) == _host(key)), None)
    return _login(entry, registry) if entry else None


def keep(registry: str, login: Login) -> str:
    """Remember it where Docker would; in words, where that is. Errors: Refused."""
    config = _read()
    key = _key(registry)
    helper = _helper(config, key)
    if helper:
        said = {"ServerURL": key, "Username": login.user, "Secret": login.password}
        _call_helper(helper, "store", json.dumps(said))
        return f"by docker-credential-{helper}"
    packed = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    config["auths"] = {**(config.get("auths") or {}), key: {"auth": packed}}
    _write(config)
    return f"in {file()}, which everybody can read who can read your files"


def forget(registry: str) -> bool:
    """Whether anything was known. Errors: Refused."""
    config = _read()
    key = _key(registry)
    helper = _helper(config, key)
    known = helper is not None and _from_helper(helper, key) is not None
    if helper is not None and known:
        _call_helper(helper, "erase", key)
    auths = config.get("auths") or {}
    kept = {one: entry for one, entry in auths.items() if _host(one) != _host(key)}
    if len(kept) < len(auths):
        _write({**config, "auths": kept})
    return known or len(kept) < len(auths)


def _helper(config: dict[str, Any], key: str) -> str | None:
    found = (config.get("credHelpers") or {}).get(key) or config.get("credsStore")
    return str(found) if found else None


def _key(registry: str) -> str:
    return _HUB_KEY if registry == HUB else registry


def _host(key: str) -> str:
    """Of a key as tools have written it over the years: with a scheme, with a path, or bare."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _read() -> dict[str, Any]:
    path = file()
    try:
        found = json.loads(path.read_text(encoding="utf-8") or "{}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {path}: {error}", "Mend it, or move it away") from error
    if not isinstance(found, dict) or not all(
        isinstance(found.get(key) or {}, dict) for key in _TABLES
    ):
        raise Refused(f"{path} is no configuration of Docker's.", "Mend it, or move it away")
    return found


def _write(config: dict[str, Any]) -> None:
    """Errors: Refused."""
    path = file()
    try:
        write_json(path.resolve(), config, indent=2)  # where it is a link, it stays one
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error


def _login(entry: Any, registry: str) -> Login | None:  # noqa: ANN401
    try:
        if entry.get("identitytoken"):
            return Login("", "", str(entry["identitytoken"]))
        if not entry.get("auth"):
            return Login(entry["username"], entry["password"]) if "username" in entry else None
        pair = base64.b64decode(entry["auth"], validate=True).decode()
        user, password = pair.split(":", 1)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Refused(
            f"what {file()} keeps for {registry} cannot be read.",
            f"Say it anew: rankzero image login {registry}",
        ) from None
    return Login(user, password.rstrip("\0"))


def _from_helper(helper: str, key: str) -> Login | None:
    try:
        said = json.loads(_call_helper(helper, "get", key))
        user, secret = said["Username"], said["Secret"]
    except _NotFound:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"docker-credential-{helper} says nothing that can be read.") from error
    return Login("", "", secret) if user == _TOKEN else Login(user, secret)


class _NotFound(Exception):
    """A helper knows nothing of a registry."""


def _call_helper(helper: str, verb: str, said: str) -> str:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603 - a helper that the user has configured
            [program, verb],
            input=said,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise BadRequest(
            f"{file()} names {program}, which is not on the PATH.", "Install it, or take it out"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{program} {verb} does not answer: {in_words(error)}") from error
    if done.returncode:
        why = (done.stdout or done.stderr).strip()
        if verb == "get" and "not found" in why:
            raise _NotFound
        raise Refused(f"{program} {verb} says: {why or 'nothing'}")
    return done.stdout

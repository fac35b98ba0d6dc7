"""Answers a registry that asks who one is: by name and password, or by a token that another server
gives for them (the distribution project's "Token Authentication Specification")."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from rankzero.images.registry.credentials import Login

_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_CHALLENGE = re.compile(r"(?:^|,\s*)(Bearer|Basic)\s", re.IGNORECASE)
_NAMED = re.compile(r"/v2/(.+?)/(?:blobs|manifests|tags)/")


class Auth(httpx2.Auth):
    """Of one registry. host: its own; others, to which it leads, are told nothing. login: None asks
    as nobody. Tokens are kept by repository, since each is for
    one alone; what was denied is asked once more with a new one."""

    def __init__(self, host: str, login: Login | None) -> None:
        self._host, self._login = host, login
        self._basic = ""
        self._tokens: dict[str, str] = {}

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        if request.url.netloc.decode() != self._host:
            yield request
            return
        repository = _repository(request)
        known = self._tokens.get(repository)
        if known or self._basic:
            request.headers["Authorization"] = f"Bearer {known}" if known else self._basic
        answer = yield request
        if answer.status_code != 401:
            return
        kind, said = challenge(answer.headers.get("WWW-Authenticate", ""))
        if kind == "basic" and self._login is not None and not self._basic:
            self._basic = request.headers["Authorization"] = self._password()
            yield request
        elif kind == "bearer" and _is_safe(said.get("realm", ""), request.url.scheme):
            told = yield self._asking(said)
            told.read()
            request.headers.pop("Authorization", None)
            if token := _token(told):
                self._tokens[repository] = token
                request.headers["Authorization"] = f"Bearer {token}"
            yield request  # also without a token: the answer has to be the registry's own

    def _asking(self, said: dict[str, str]) -> httpx2.Request:
        """For a token for what the registry says is needed."""
        asked = {"service": said["service"]} if said.get("service") else {}
        if self._login is not None and self._login.token:
            form = {
                **asked,
                "scope": said.get("scope", ""),
                "grant_type": "refresh_token",
                "refresh_token": self._login.token,
            }
            return httpx2.Request("POST", said["realm"], data={**form, "client_id": "rankzero"})
        params: list[tuple[str, Any]] = [
            *asked.items(),
            *(("scope", one) for one in said.get("scope", "").split()),
        ]
        headers = {"Authorization": self._password()} if self._login is not None else {}
        return httpx2.Request("GET", said["realm"], params=params, headers=headers)

    def _password(self) -> str:
        assert self._login is not None
        pair = f"{self._login.user}:{self._login.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


def challenge(header: str) -> tuple[str, dict[str, str]]:
    """The kind, in lower case, and its parameters, of a `WWW-Authenticate`; of several challenges
    the one that wants a token."""
    starts = [*_CHALLENGE.finditer(header)]
    ends = [one.start() for one in starts[1:]] + [len(header)] * bool(starts)
    found = {one[1].lower(): header[one.end() : end] for one, end in zip(starts, ends, strict=True)}
    kind = "bearer" if "bearer" in found else "basic" if "basic" in found else ""
    parameters = _PARAMETER.findall(found.get(kind, ""))
    return kind, {key.lower(): value for key, value in parameters}


def _is_safe(realm: str, scheme: str) -> bool:
    """Whether a password may go there: not in clear text, unless all of it is."""
    return realm.startswith("https://") or (realm.startswith("http://") and scheme == "http")


def _repository(request: httpx2.Request) -> str:
    found = _NAMED.search(request.url.path)
    return found[1] if found else ""


def _token(answer: httpx2.Response) -> str:
    if answer.status_code != 200:
        return ""
    try:
        said = answer.json()
        return str(said.get("token") or said.get("access_token") or "")
    except (ValueError, AttributeError):
        return ""

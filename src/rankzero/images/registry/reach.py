"""The way to a registry, and what it says when it says no."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from rankzero.agent.worded import in_words
from rankzero.errors import BadRequest, Refused
from rankzero.images.registry import credentials
from rankzero.images.registry.auth import Auth

#: Seconds until a registry is taken for unreachable, or for silent.
_REACHED, _PATIENCE = 10.0, 60.0


class Trust(NamedTuple):
    """insecure: also without TLS, or with whatever certificate. ca: a file of authorities beside
    those that this machine trusts. unknown, plain: what to do where neither was said and it is
    needed."""

    insecure: bool = False
    ca: Path | None = None
    unknown: str = (
        "Name the authority that signed it: --ca FILE; or, where the network is yours alone: "
        "--insecure"
    )
    plain: str = "Where the network is yours alone: --insecure"


class Denied(Refused):
    """The registry wants to know who one is, or does not let this one."""


class Silent(Refused):
    """The registry does not answer now; it may later."""


class Absent(BadRequest):
    """The registry has no such thing."""


class Reach:
    """Requests to one registry. Use it as a context manager."""

    def __init__(
        self, registry: str, host: str, trust: Trust, login: credentials.Login | None
    ) -> None:
        self.registry, self._trust = registry, trust
        self.login = login
        self._client = httpx2.Client(
            auth=Auth(host, login),
            verify=_verifying(trust),
            timeout=httpx2.Timeout(_PATIENCE, connect=_REACHED),
        )
        self._base = f"https://{host}"
        self._plain = f"http://{host}" if trust.insecure or _is_local(host) else None

    def __enter__(self) -> Reach:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def url(self, path: str) -> str:
        return path if path.startswith(("http://", "https://")) else f"{self._base}{path}"

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        stream: bool = False,
    ) -> httpx2.Response:
        """The answer, whatever its status. Errors: Silent, Refused for a certificate."""
        try:
            return self._send(method, path, headers, content, stream)
        except httpx2.ConnectError as error:
            if not path.startswith("/") or not self._is_plain(error):
                raise self.silent(error) from error
        except httpx2.RequestError as error:
            raise self.silent(error) from error
        try:
            return self._send(method, path, headers, content, stream)
        except httpx2.RequestError as error:
            raise self.silent(error) from error

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        stream: bool,
    ) -> httpx2.Response:
        made = self._client.build_request(method, self.url(path), headers=headers, content=content)
        # What is sent goes to the registry itself: a redirect of that is no answer of it.
        follow = method in ("GET", "HEAD")
        return self._client.send(made, stream=stream, follow_redirects=follow)

    def _is_plain(self, error: httpx2.ConnectError) -> bool:
        """Whether it may be asked without TLS, as it is from now on."""
        if self._plain is None or self._base == self._plain or "SSL" not in str(error).upper():
            return False
        self._base = self._plain
        return True

    def silent(self, error: Exception) -> Refused:
        said = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in said:
            why = said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
            return Refused(
                f"{self.registry} shows a certificate that this machine does not trust"
                + (f": {why}." if why else "."),
                self._trust.unknown,
            )
        if "WRONG_VERSION_NUMBER" in said or "record layer failure" in said:
            return Refused(
                f"{self.registry} speaks HTTP without TLS.",
                self._trust.plain.format(registry=self.registry),
            )
        return Silent(
            f"{self.registry} does not answer: {in_words(error)}", "Is that its name, and is it up?"
        )

    def checked(
        self, answer: httpx2.Response, what: str, wanted: tuple[int, ...] = (200,)
    ) -> httpx2.Response:
        """The answer, where it is a good one. what: was asked for. wanted: the codes that the
        specification has for it. Errors: Denied, Absent, Silent, Refused."""
        if answer.status_code in wanted:
            return answer
        answer.read()
        raise self.refused(answer, what)

    def refused(self, answer: httpx2.Response, what: str) -> Refused | BadRequest:
        status, said = answer.status_code, _said(answer)
        words = f": {said}" if said else ""
        if status in (401, 403):
            who = f"as {self.login.user or 'its token'}" if self.login else "without a password"
            return Denied(
                f"{self.registry} does not let you {what} {who}{words}.",
                f"Say who you are: rankzero image login {self.registry}",
            )
        if status == 404:
            return Absent(f"{self.registry} cannot {what}: there is no such thing{words}.")
        if status == 413:
            return Refused(
                f"{self.registry} takes nothing so large at once ({what}).",
                "A proxy before it may have a limit of its own: ask whoever runs it",
            )
        kind = Silent if status == 429 or status >= 500 else Refused
        return kind(f"{self.registry} does not {what}: it says {status}{words}.")


def reach(registry: str, host: str, trust: Trust) -> Reach:
    """Errors: Refused for Docker's configuration that cannot be read, or for a `ca`."""
    return Reach(registry, host, trust, credentials.find(registry))


def _verifying(trust: Trust) -> ssl.SSLContext | bool:
    if trust.insecure:
        return httpx2.create_ssl_context(verify=False)
    tls = httpx2.create_ssl_context()
    if trust.ca is not None:
        try:
            tls.load_verify_locations(str(trust.ca))
        except (OSError, ssl.SSLError) as error:
            raise BadRequest(f"--ca: {trust.ca} holds no certificates: {error}") from error
    return tls


def _is_local(host: str) -> bool:
    """As other tools do, a registry of this machine's may speak without TLS."""
    name = httpx2.URL(f"http://{host}").host
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _said(answer: httpx2.Response) -> str:
    """The registry's own words."""
    try:
        errors: Any = answer.json()["errors"]
        return "; ".join(str(one.get("message") or one.get("code")) for one in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""

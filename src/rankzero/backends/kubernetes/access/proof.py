"""What proves to an API server who somebody is, and where it is from."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Context, User


class Proof(NamedTuple):
    """authorization: the header's value. certificate, key: a client's, as PEM. until: when it
    expires, in seconds since the epoch; None where that is not known."""

    authorization: str = ""
    certificate: str = ""
    key: str = ""
    until: float | None = None

    def __repr__(self) -> str:
        """Without its secrets."""
        return f"Proof(until={self.until})"


class Source(Protocol):
    """Several threads may ask it at once. Errors: Refused."""

    @property
    def shown(self) -> str:
        """What it gives, in words."""

    def current(self) -> Proof:
        """The proof to show now."""

    def again(self, refused: Proof) -> Proof | None:
        """Another one than this, which was refused; None where there is none."""


class Fixed(NamedTuple):
    """What stands in the kubeconfig."""

    shown: str
    proof: Proof = Proof()

    def current(self) -> Proof:
        return self.proof

    def again(self, refused: Proof) -> None:
        return None


class TokenFile(NamedTuple):
    """A token that somebody renews in its file, as a kubelet does."""

    path: Path
    context: str

    @property
    def shown(self) -> str:
        return f"the token in {self.path}"

    def current(self) -> Proof:
        try:
            token = self.path.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise Refused(
                f"cannot prove who you are to {self.context}: "
                f"no token can be read from {self.path}: {why}",
                "The kubeconfig names this file as tokenFile.",
            ) from error
        return Proof(f"Bearer {token}")

    def again(self, refused: Proof) -> Proof | None:
        read = self.current()
        return None if read == refused else read


def source(context: Context) -> Source:
    """The way that the user's entry names; of several the one that kubectl takes.

    Errors: Refused for one that there is no more.
    """
    user = context.user
    if user.token_file:
        return TokenFile(Path(user.token_file), context.name)
    if user.token:
        return Fixed("the token in the kubeconfig", Proof(f"Bearer {user.token.strip()}"))
    if user.username:
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        return Fixed("the password in the kubeconfig", Proof(f"Basic {pair}"))
    if user.exec is not None:
        from rankzero.backends.kubernetes.access import plugin

        return plugin.of(context, user.exec)
    if user.auth_provider is not None:
        return _provided(context)
    return Fixed(_certificate(user))


def _certificate(user: User) -> str:
    if user.client_certificate_data:
        return "the client certificate in the kubeconfig"
    if user.client_certificate:
        return f"the client certificate {user.client_certificate}"
    return "nothing: the kubeconfig's user has neither token nor certificate"


def _provided(context: Context) -> Fixed:
    provider = context.user.auth_provider
    assert provider is not None
    token = provider.config.get("id-token", "")
    if provider.name != "oidc" or not token:
        raise Refused(
            f"cannot prove who you are to {context.name}: the kubeconfig names the "
            f'auth-provider "{provider.name}"; such ones were given up, and exec plugins do it.',
            "Let the cloud's own program write the kubeconfig anew.",
        )
    return Fixed("the id-token of oidc in the kubeconfig", Proof(f"Bearer {token}"))

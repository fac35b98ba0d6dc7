"""What a kubeconfig says of a cluster and of its user, in the kubeconfig's own words."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct, field


class Extension(Struct, frozen=True):
    """What programs keep beside a cluster."""

    name: str
    extension: Any = None


class Server(Struct, frozen=True, rename="kebab"):
    """A cluster: where its API server is, and how to know that it is the one."""

    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    extensions: tuple[Extension, ...] = ()


class Variable(Struct, frozen=True):
    """One of a plugin's environment variables."""

    name: str
    value: str = ""


class Exec(Struct, frozen=True, rename="camel"):
    """A program that proves who the user is."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


class AuthProvider(Struct, frozen=True):
    """The older way to plugins, of which kubectl knows one still: oidc."""

    name: str
    config: dict[str, str] = {}


class User(Struct, frozen=True, rename="kebab"):
    """How to prove who one is, and whom one wants to be taken for."""

    token: str = ""
    token_file: str = field(name="tokenFile", default="")
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: Exec | None = None
    auth_provider: AuthProvider | None = None
    as_user: str = field(name="as", default="")
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_user_extra: dict[str, tuple[str, ...]] = {}

    def __repr__(self) -> str:
        """Without its secrets."""
        return "User(...)"


class Context(NamedTuple):
    """A context with all that it names."""

    name: str
    namespace: str
    server: Server
    user: User

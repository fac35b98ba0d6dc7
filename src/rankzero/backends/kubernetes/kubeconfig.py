"""The kubeconfig: which files, as kubectl takes them, and what is wrong with one, in words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from rankzero.backends.places import Place, near
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Context, Server, User

T = TypeVar("T")
#: The context of whoever runs in a pod and has no kubeconfig, and where its account lies there.
IN_CLUSTER = "in-cluster"
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEFAULT_NAMESPACE = "default"
#: What of a cluster or a user is a file, meant from the kubeconfig's folder on.
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_HINT = "See: kubectl config view"
_CHOOSE = "Choose one: --context NAME, or kubectl config use-context NAME"


class Config(NamedTuple):
    """Several files as one. shown: where it is from."""

    shown: str
    clusters: dict[str, Any]
    contexts: dict[str, Any]
    users: dict[str, Any]
    current: str


def chosen(context: str | None) -> Context:
    """The context that was named, or the current one. Errors: Refused."""
    from rankzero.backends.kubernetes.access.model import Context

    config = _load()
    name = context or config.current
    known = ", ".join(config.contexts) or "none"
    if not name:
        raise Refused(f"{config.shown} names no current context. Contexts: {known}.", _CHOOSE)
    if name not in config.contexts:
        meant = near(name, config.contexts)
        raise Refused(f'{config.shown} has no context "{name}".{meant} Contexts: {known}.', _CHOOSE)
    named = config.contexts[name]
    if not isinstance(named, dict):
        raise Refused(f'{config.shown} is no kubeconfig: the context "{name}" is empty.', _HINT)
    server, user = _server(config, name, named), _user(config, name, named)
    return Context(name, named.get("namespace") or _DEFAULT_NAMESPACE, server, user)


def contexts() -> list[str]:
    """The names of all contexts. Errors: Refused."""
    return list(_load().contexts)


def pinned(place: Place) -> Place:
    """The place with the names that the kubeconfig gives it now. Errors: Refused."""
    if place.context and place.namespace:
        return place
    found = chosen(place.context)
    return place._replace(context=found.name, namespace=place.namespace or found.namespace)


# -- what a context names


def _server(config: Config, context: str, named: dict[str, Any]) -> Server:
    from rankzero.backends.kubernetes.access.model import Server

    if not named.get("cluster"):
        what = f'{config.shown}: the context "{context}" names no cluster.'
        raise Refused(f"{what} There is: {', '.join(config.clusters) or 'none'}.", _HINT)
    server = _named(config, context, "cluster", named, Server)
    if not _is_url(server.server):
        text = f'the cluster "{named["cluster"]}" has no URL of a server'
        raise Refused(f"{config.shown}: {text}.", "It is like https://HOST:PORT.")
    return server


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _user(config: Config, context: str, named: dict[str, Any]) -> User:
    """One without a name proves nothing; whether that is enough, the cluster says."""
    from rankzero.backends.kubernetes.access.model import User

    return _named(config, context, "user", named, User) if named.get("user") else User()


def _named(config: Config, context: str, kind: str, named: dict[str, Any], shape: type[T]) -> T:
    import msgspec

    there = config.clusters if kind == "cluster" else config.users
    name = named[kind]
    if name not in there:
        what = f'{config.shown}: the context "{context}" names the {kind} "{name}", '
        known = ", ".join(there) or "none"
        raise Refused(f"{what}which is not there. There is: {known}.", _HINT)
    try:
        return msgspec.convert(_said(there[name]) or {}, shape)
    except msgspec.ValidationError as error:
        raise Refused(f'{config.shown}: the {kind} "{name}": {error}', _HINT) from error


def _said(value: object) -> object:
    """Without what is null, which says nothing."""
    if isinstance(value, dict):
        return {key: _said(one) for key, one in value.items() if one is not None}
    return [_said(one) for one in value] if isinstance(value, list) else value


# -- files


def _load() -> Config:
    files = [one for one in _candidates() if one.is_file()]
    if not files:
        return in_cluster(os.environ, _ACCOUNT)
    shown = ", ".join(map(str, files))
    try:
        return _joined(shown, [_read(file) for file in files])
    except (LookupError, TypeError, AttributeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise Refused(f"{shown} is no kubeconfig: {what}", _HINT) from error


def _candidates() -> list[Path]:
    """Those of KUBECONFIG, which may name several, else the one in the home folder."""
    named = [one for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    return [Path(one).expanduser() for one in named or ["~/.kube/config"]]


def in_cluster(environ: Mapping[str, str], account: Path) -> Config:
    """What a pod knows of the cluster that it is in. Errors: Refused where this is no pod, or one
    without a service account."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    token, authority = account / "token", account / "ca.crt"
    if not host or not port or not token.is_file():
        named = ", ".join(map(str, _candidates()))
        raise Refused(
            f"There is no kubeconfig: no file {named}.",
            "Get one from the cluster's administrator, and name it: export KUBECONFIG=FILE",
        )
    cluster = {"server": f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"}
    if authority.is_file():
        cluster["certificate-authority"] = str(authority)
    context = {"cluster": IN_CLUSTER, "user": IN_CLUSTER}
    if (namespace := account / "namespace").is_file():
        context["namespace"] = namespace.read_text(encoding="utf-8").strip()
    return Config(
        "this pod's service account",
        {IN_CLUSTER: cluster},
        {IN_CLUSTER: context},
        {IN_CLUSTER: {"tokenFile": str(token)}},
        IN_CLUSTER,
    )


def _read(file: Path) -> dict[str, Any]:
    """A file's content, its paths absolute. Errors: Refused."""
    import yaml

    try:
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        data = yaml.load(file.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe one
    except OSError as error:
        raise Refused(f"cannot read the kubeconfig {file}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        what = getattr(error, "problem", None) or "it is not YAML"
        raise Refused(f"{place} is no kubeconfig: {what}", _HINT) from error
    if not data:
        raise Refused(f"The kubeconfig {file} is empty.", _HINT)
    if not isinstance(data, dict):
        raise Refused(f"{file} is no kubeconfig: it is not a mapping", _HINT)
    for kind in ("clusters", "contexts", "users"):
        if not isinstance(data.get(kind) or [], list):
            raise Refused(f"{file} is no kubeconfig: {kind} is not a list", _HINT)
    if not isinstance(data.get("current-context") or "", str):
        raise Refused(f"{file} is no kubeconfig: current-context is not text", _HINT)
    for one in [*(data.get("clusters") or ()), *(data.get("users") or ())]:
        _complete(one.get("cluster") or one.get("user") or {}, file.absolute().parent)
    return data


def _complete(said: dict[str, Any], folder: Path) -> None:
    for key in _FILES:
        if said.get(key):
            said[key] = str(folder / said[key])
    if "://" not in str(said.get("server") or "://"):
        said["server"] = f"https://{said['server']}"
    # A plugin's bare name is looked for on the PATH.
    plugin = said.get("exec")
    if plugin and os.sep in str(plugin.get("command") or ""):
        plugin["command"] = str(folder / plugin["command"])


def _joined(shown: str, configs: list[dict[str, Any]]) -> Config:
    """As kubectl joins them: of each name, what the first file says stands, and nothing else."""
    found: dict[str, dict[str, Any]] = {"cluster": {}, "context": {}, "user": {}}
    for kind, by_name in found.items():
        for config in configs:
            for one in config.get(f"{kind}s") or ():
                by_name.setdefault(one["name"], one.get(kind))
    current = (config.get("current-context") for config in configs)
    return Config(
        shown, found["cluster"], found["context"], found["user"], next(filter(None, current), "")
    )

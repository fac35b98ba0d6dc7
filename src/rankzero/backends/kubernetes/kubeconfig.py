"""The kubeconfig: which files, as kubectl takes them, and what is wrong with one, in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero.backends.places import Place, near
from rankzero.errors import Refused

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import KubeConfig, SingleConfig

#: What a context, a cluster and a user are kept under.
_LISTS = ("clusters", "contexts", "users")
#: What of a cluster or a user is a file, meant from the kubeconfig's folder on.
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_EXEC = "client.authentication.k8s.io/"
_HINT = "See: kubectl config view"


def chosen(context: str | None) -> SingleConfig:
    """The context that was named, or the current one. Errors: Refused."""
    from lightkube.config.models import User

    config, shown = _load()
    name = context or config.current_context
    known = ", ".join(config.contexts) or "none"
    if not name:
        raise Refused(
            f"{shown} names no current context. Contexts: {known}.",
            "Choose one: --context NAME, or kubectl config use-context NAME",
        )
    if name not in config.contexts:
        raise Refused(
            f'{shown} has no context "{name}".{near(name, config.contexts)} Contexts: {known}.',
            "Choose one: --context NAME, or kubectl config use-context NAME",
        )
    named = config.contexts[name]
    for kind, one, there in (
        ("cluster", named.cluster, config.clusters),
        ("user", named.user, config.users),
    ):
        if one and one not in there:
            known = ", ".join(there) or "none"
            what = f'{shown}: the context "{name}" names the {kind} "{one}", which is not there.'
            raise Refused(f"{what} There is: {known}.", _HINT)
    found = config.get(name)
    assert found is not None, "it is among the contexts"
    # A user without a name proves nothing; whether that is enough, the cluster says.
    return found if found.user else found._replace(user=User())


def contexts() -> list[str]:
    """The names of all contexts. Errors: Refused."""
    return list(_load()[0].contexts)


def pinned(place: Place) -> Place:
    """The place with the names that the kubeconfig gives it now. Errors: Refused."""
    if place.context and place.namespace:
        return place
    config = chosen(place.context)
    return place._replace(
        context=config.context_name, namespace=place.namespace or config.namespace
    )


def _load() -> tuple[KubeConfig, str]:
    """The configuration, and where it is from."""
    import msgspec
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    files = [Path(one).expanduser() for one in _named() if Path(one).expanduser().is_file()]
    shown = ", ".join(map(str, files))
    try:
        if files:
            return KubeConfig.from_dict(_joined([_read(file) for file in files])), shown
        return KubeConfig.from_service_account(), "this pod's service account"
    except (msgspec.ValidationError, LookupError, TypeError, AttributeError, ValueError) as error:
        if files:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise Refused(f"{shown} is no kubeconfig: {what}", _HINT) from error
        raise _absent() from error
    except (ConfigError, OSError) as error:
        raise _absent() from error


def _named() -> list[str]:
    """Those of KUBECONFIG, which may name several, else the one in the home folder."""
    named = [one for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    return named or ["~/.kube/config"]


def _absent() -> Refused:
    named = ", ".join(_named())
    return Refused(
        f"There is no kubeconfig: no file {named}.",
        "Get one from the cluster's administrator, and name it: export KUBECONFIG=FILE",
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
    for one in [*(data.get("clusters") or ()), *(data.get("users") or ())]:
        _complete(one.get("cluster") or one.get("user") or {}, file.parent)
    return data


def _complete(said: dict[str, Any], folder: Path) -> None:
    for key in _FILES:
        if said.get(key):
            said[key] = str(folder.absolute() / said[key])
    plugin = said.get("exec")
    if plugin and plugin.get("apiVersion") == f"{_EXEC}v1":
        # The client knows the beta by name only; what a plugin prints is the same.
        plugin["apiVersion"] = f"{_EXEC}v1beta1"


def _joined(configs: list[dict[str, Any]]) -> dict[str, Any]:
    """As kubectl joins them: what the first file says stands."""
    joined: dict[str, Any] = {}
    for key in _LISTS:
        by_name: dict[str, Any] = {}
        for config in configs:
            for one in config.get(key) or ():
                by_name.setdefault(one["name"], one)
        joined[key] = list(by_name.values())
    current = (config.get("current-context") for config in configs)
    return {**joined, "current-context": next(filter(None, current), None)}

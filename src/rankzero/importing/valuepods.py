"""What a values file says of a role, as the template of a pod: there it can be read like any."""

from __future__ import annotations

from collections.abc import Mapping

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.spec.given import Content, Given, literal
from rankzero.spec.model import NVIDIA
from rankzero.spec.problems import Place

_GPUS = ("gpuCount", "gpus", "gpu", "numGpus")
_LIMITS = ("limits", "limit")
#: Of a pod, and of its container: by their own names.
_POD = ("volumes", "nodeSelector", "tolerations", "affinity", "imagePullSecrets")
_CONTAINER = ("volumeMounts", "command", "args", "workingDir")


def template(part: Fields, common: dict[str, Given | None], findings: Findings) -> Given:
    """part: what is said of the role; common: what is said of all."""

    def said(key: str) -> Given | None:
        return part.given(key) or common.get(key)

    place = part.place
    container = {
        **_image(part, said("image"), findings),
        "name": literal("main", place),
        "env": _env(common.get("env"), part.given("env"), place),
        "ports": _ports(part.given("port"), place),
        "resources": _resources(part, said("resources"), place),
        **{key: said(key) for key in _CONTAINER},
    }
    pod = {
        "containers": Given([_mapping(container, place)], place),
        "serviceAccountName": said("serviceAccountName"),
        **{key: said(key) for key in _POD},
    }
    return _mapping({"spec": _mapping(pod, place)}, place)


def _mapping(entries: Mapping[str, Given | None], place: Place) -> Given:
    content: Content = {key: one for key, one in entries.items() if one is not None}
    return Given(content, place)


def _image(part: Fields, given: Given | None, findings: Findings) -> dict[str, Given | None]:
    """A text, or `repository` and `tag`."""
    pull = part.first("imagePullPolicy", "pullPolicy")
    if given is None or given.is_scalar:
        return {"image": given, "imagePullPolicy": pull}
    image = Fields(given, findings)
    name, tag = image.text("repository") or image.text("name"), image.text("tag")
    registry = image.text("registry")
    pull = image.first("pullPolicy", "imagePullPolicy") or pull
    image.left()
    if name is None:
        findings.problem(given.place, "must have a `repository`")
        return {}
    whole = "/".join(part for part in (registry, name) if part) + (f":{tag}" if tag else "")
    return {"image": literal(whole, image.at("repository")), "imagePullPolicy": pull}


def _env(common: Given | None, own: Given | None, place: Place) -> Given | None:
    """A list as containers have it, or a mapping of names to values."""
    items = [one for given in (common, own) if given is not None for one in _variables(given)]
    return Given(items, (own or common or Given(None, place)).place) if items else own or common


def _variables(given: Given) -> list[Given]:
    if isinstance(given.value, list):
        return given.items
    return [
        _mapping({"name": literal(name, one.place), "value": one}, one.place)
        for name, one in given.entries.items()
    ]


def _ports(given: Given | None, place: Place) -> Given | None:
    """The port on which TensorFlow's tasks meet: it stays the one that was chosen."""
    if given is None:
        return None
    entries = {"name": literal("tfjob-port", given.place), "containerPort": given}
    return Given([_mapping(entries, given.place)], given.place)


def _resources(part: Fields, given: Given | None, place: Place) -> Given | None:
    """As containers have them; where only limits are said, they are the requests as well."""
    limits = part.first(*_LIMITS)
    gpus = part.first(*_GPUS)
    if limits is None and gpus is None:
        return given
    said = dict(given.entries) if given is not None else {}
    both = dict((said.get("limits") or Given({}, place)).entries)
    both.update(limits.entries if limits is not None else {})
    if limits is not None:
        said.setdefault("requests", limits)
    if gpus is not None:
        both[NVIDIA] = gpus
    return _mapping({**said, "limits": Given(both, place)}, place)

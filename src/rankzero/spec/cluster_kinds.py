"""The types of the fields that a cluster reads: names of its objects, paths in pods, users."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, Strict, WithJsonSchema

from rankzero.spec import kinds, units

#: What lies below is rankzero's own in every pod.
OWN_FOLDER = "/rankzero"
_LARGEST_ID = 2**31 - 1
_USER = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")


def _user(value: object) -> int | str:
    """`1234`, `"1234:100"` (with a group) or `image`."""
    number = units.whole(value)
    if value == "image":
        return "image"
    if number is not None and 0 <= number <= _LARGEST_ID:
        return number
    found = _USER.fullmatch(value) if isinstance(value, str) else None
    if found and max(int(found[1]), int(found[2])) <= _LARGEST_ID:
        return f"{int(found[1])}:{int(found[2])}"
    raise ValueError('must be a user\'s number, such as 1000 or "1000:100", or "image"')


def _path(value: str) -> str:
    if not value.startswith("/") or ".." in value.split("/") or ":" in value or "\0" in value:
        raise kinds.fault("must be an absolute path, such as /data")
    return posixpath.normpath("/" + value.lstrip("/"))


def _mount(value: str) -> str:
    path = _path(value)
    if path == "/" or path == OWN_FOLDER or path.startswith(f"{OWN_FOLDER}/"):
        raise kinds.fault(f"must lie beside {OWN_FOLDER}, which every pod has for itself")
    if path == "/dev/shm":  # noqa: S108 - the pod's own
        raise kinds.fault("must be another path: /dev/shm is there, and `shm` is its size", "whole")
    return path


def _inner(value: str) -> str:
    if not value.strip("/") or value.startswith("/") or ".." in value.split("/"):
        raise kinds.fault("must be a path inside the volume, such as mnist/train")
    return value


def _empty(value: object) -> bool | str:
    if value is True:
        return True
    try:
        return units.memory(value)
    except ValueError:
        raise ValueError("must be true, or the most that it may hold, such as 10Gi") from None


#: Kubernetes' words for who may mount a volume, by ours; its own, and its short ones, do as well.
ACCESS = {"once": "ReadWriteOnce", "many": "ReadWriteMany", "pod": "ReadWriteOncePod"}
_ACCESS = {
    **ACCESS,
    **{mode.lower(): mode for mode in ACCESS.values()},
    "rwo": "ReadWriteOnce",
    "rwx": "ReadWriteMany",
    "rwop": "ReadWriteOncePod",
}


def _access(value: object) -> str:
    found = _ACCESS.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be once, many or pod (ReadWriteOnce, ReadWriteMany, ...OncePod)")
    return found


def _self_heal(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(kinds.DOTTED, value):
        return value
    raise ValueError("must be true, false, or the name of a ServiceAccount")


def _overlay(value: dict[str, Any]) -> dict[str, Any]:
    """Plain JSON data."""
    for path, one in _leaves(value):
        if isinstance(one, float) and not math.isfinite(one):
            raise kinds.fault(f"{path}: must be a finite number", "whole")
        if isinstance(one, str) and (message := kinds.text_fault(one)):
            raise kinds.fault(f"{path}: {message}", "whole")
    return value


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for at, one in enumerate(value):
            yield from _leaves(one, f"{path}[{at}]")
    else:
        yield path, value


def _matching(pattern: str, message: str, code: str = "kind") -> AfterValidator:
    return AfterValidator(kinds.matching(pattern, message, code))


_TEXT = {"type": "string"}

ObjectName = Annotated[
    str, _matching(kinds.DOTTED, "must be an object's name: lower-case letters, digits, dashes")
]
#: One that also stands as the value of a label.
QueueName = Annotated[
    str,
    _matching(
        r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        "must be a queue's name: at most 63 lower-case letters, digits and dashes",
    ),
]
VolumeName = Annotated[
    str,
    _matching(
        r"(?=.{1,63}$)(?!rankzero-)[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        "a volume's name is lower-case letters, digits and dashes, and does not begin with "
        "rankzero-",
        "whole",
    ),
]
#: A variable that the kubelet sets, which knows fewer names than a process does.
Variable = Annotated[
    str,
    _matching(
        r"(?!RANKZERO_)[A-Za-z_.-][A-Za-z0-9_.-]*",
        "a variable's name is letters, digits and underscores, and does not begin with RANKZERO_",
        "whole",
    ),
]
DataKey = Annotated[
    str, _matching(r"[A-Za-z0-9_.-]{1,253}", "must be a key of the secret, such as api-key")
]
ResourceName = Annotated[
    str,
    _matching(
        rf"ephemeral-storage|hugepages-\w+|(?=.*/){kinds.KEY}",
        'a resource\'s name is such as "nvidia.com/gpu" or "ephemeral-storage"; '
        "`cpu` and `memory` are keys of their own",
        "whole",
    ),
]
HostPath = Annotated[str, AfterValidator(_path)]
MountPath = Annotated[str, AfterValidator(_mount)]
InnerPath = Annotated[str, AfterValidator(kinds.text_checked), AfterValidator(_inner)]
NfsPath = Annotated[
    str, _matching(r"[^\s:/]+:/[^\s:]*", "must be a server and its folder, such as files:/export")
]
EmptyDir = Annotated[
    bool | str,
    PlainValidator(kinds.by(_empty)),
    WithJsonSchema({"anyOf": [{"const": True}, {"type": "number"}, _TEXT]}),
]
Access = Annotated[
    str,
    PlainValidator(kinds.by(_access)),
    WithJsonSchema({"enum": [*ACCESS, *ACCESS.values()]}),
]
SelfHeal = Annotated[
    bool | str,
    PlainValidator(kinds.by(_self_heal)),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, _TEXT]}),
]
User = Annotated[
    int | str,
    PlainValidator(kinds.by(_user)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, _TEXT]}),
]
Overlay = Annotated[dict[str, Any], AfterValidator(_overlay)]
#: One machine's labels a node.
Places = Annotated[tuple[kinds.Labels, ...], Strict(False)]
ObjectNames = Annotated[tuple[ObjectName, ...], Strict(False)]

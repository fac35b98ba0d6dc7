"""The types of what is read of a pod's spec before Kubernetes has seen it: whether it is more than
Pod Security allows, what it asks for, what it names. The rest is Kubernetes' to judge. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from rankzero.spec import strategic
from rankzero.spec.strategic import Fields, Keyed


class Leaf(NamedTuple):
    """A single value. needed: it must be there, unless it stands in a patch of what has it."""

    fits: Callable[[object], bool]
    wanted: str
    needed: bool = False


#: A mapping of known keys, of any (`*`), or a list of what all its elements are.
Shape: TypeAlias = Leaf | Mapping[str, Any] | list[Any]
Lists: TypeAlias = Mapping[str, Keyed] | None

# The exponent has a bound, because what an amount comes to is computed exactly.
_QUANTITY = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?"
)


def _is_amount(value: object) -> bool:
    return type(value) in (str, int, float) and bool(_QUANTITY.fullmatch(str(value)))


_TEXT = Leaf(lambda value: isinstance(value, str), "must be text")
_FLAG = Leaf(lambda value: isinstance(value, bool), "must be true or false")
_NUMBER = Leaf(lambda value: type(value) is int, "must be a whole number")
_AMOUNT = Leaf(_is_amount, "must be an amount such as 2, 500m or 5Gi")
_NAME = _TEXT._replace(needed=True)
_AMOUNTS = {"*": _AMOUNT}

_SECURITY = {
    **dict.fromkeys(("privileged", "allowPrivilegeEscalation", "runAsNonRoot"), _FLAG),
    "runAsUser": _NUMBER,
    "procMount": _TEXT,
    "capabilities": {"add": [_TEXT], "drop": [_TEXT]},
    "seccompProfile": {"type": _TEXT},
    "appArmorProfile": {"type": _TEXT},
    "seLinuxOptions": {"type": _TEXT, "user": _TEXT, "role": _TEXT},
    "windowsOptions": {"hostProcess": _FLAG},
    "sysctls": [{"name": _NAME}],
}
_KEY_OF = {"name": _NAME, "key": _NAME, "optional": _FLAG}
_WHOLE = {"name": _NAME, "optional": _FLAG}
_CONTAINER = {
    "name": _TEXT,
    "image": _TEXT,
    "restartPolicy": _TEXT,
    "env": [{"name": _TEXT, "valueFrom": {"secretKeyRef": _KEY_OF, "configMapKeyRef": _KEY_OF}}],
    "envFrom": [{"secretRef": _WHOLE, "configMapRef": _WHOLE}],
    "ports": [{"containerPort": _NUMBER, "hostPort": _NUMBER}],
    "resources": {"limits": _AMOUNTS, "requests": _AMOUNTS, "claims": [{"name": _NAME}]},
    "securityContext": _SECURITY,
    "volumeMounts": [{"mountPath": _TEXT, "name": _TEXT}],
}
_ITEMS = {"items": [{"key": _NAME}], "optional": _FLAG, "name": _TEXT, "secretName": _TEXT}
_SOURCES = {"secret": _ITEMS, "configMap": _ITEMS}
_EXPRESSION = {"key": _NAME, "operator": _NAME, "values": [_TEXT]}
_TERM = {"matchExpressions": [_EXPRESSION], "matchFields": [_EXPRESSION]}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
POD: Mapping[str, Shape] = {
    **dict.fromkeys(("hostNetwork", "hostPID", "hostIPC"), _FLAG),
    **dict.fromkeys(("serviceAccountName", "priorityClassName", "nodeName"), _TEXT),
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "securityContext": _SECURITY,
    "imagePullSecrets": [{"name": _TEXT}],
    "nodeSelector": {"*": _TEXT},
    "overhead": _AMOUNTS,
    "affinity": {"nodeAffinity": {_REQUIRED: {"nodeSelectorTerms": [_TERM]}}},
    "tolerations": [dict.fromkeys(("key", "operator", "value", "effect"), _TEXT)],
    "volumes": [
        {
            "name": _TEXT,
            "persistentVolumeClaim": {"claimName": _TEXT},
            "ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": _TEXT}}},
            "projected": {"sources": [_SOURCES]},
            **_SOURCES,
        }
    ],
}


def faults(
    value: object, shape: Shape = POD, lists: Lists = strategic.POD, path: str = ""
) -> Iterator[tuple[str, str]]:
    """(path in the patch, what is wrong with it), for all that has another type.

    lists: those that are merged; None inside of one that is not, where nothing is a patch.
    """
    if isinstance(shape, Leaf):
        if not shape.fits(value):
            yield path, shape.wanted
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)):
            yield path, "must be a list"
            return
        for at, one in enumerate(value):
            yield from faults(one, shape[0], lists, f"{path}[{at}]")
    elif isinstance(value, Mapping):
        yield from _field_faults(value, shape, lists, path)
    else:
        yield path, "must be a mapping"


def _field_faults(
    fields: Fields, shape: Mapping[str, Shape], lists: Lists, path: str
) -> Iterator[tuple[str, str]]:
    for key, value in fields.items():
        inner = shape.get(key, shape.get("*"))
        takes_away = value is None and lists is not None
        if inner is not None and not takes_away and not key.startswith("$"):
            here = f"{path}.{key}" if path else key
            yield from faults(value, inner, _inside(key, inner, lists), here)
    if lists is None:
        for key, inner in shape.items():
            if isinstance(inner, Leaf) and inner.needed and key not in fields:
                yield path, f"must have `{key}`"


def _inside(key: str, shape: Shape, lists: Lists) -> Lists:
    """The merged lists in what a key holds."""
    if lists is None or (isinstance(shape, list) and key not in lists):
        return None
    return lists[key].inner if key in lists else {}

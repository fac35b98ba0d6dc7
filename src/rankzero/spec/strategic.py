"""Laying a pod's fields over a pod's spec, as Kubernetes' strategic merge patch does.

Maps are merged key by key; `null` takes a key away. Lists whose elements Kubernetes tells apart by
a key (containers by name, mounts by path, ...) are merged element by element, new ones at the end;
all others are replaced. `$patch: replace` and `$patch: delete` are honoured in maps and in lists,
`$retainKeys` in maps. Two things are kinder than a bare patch: a volume's other source goes when
it gets a new one (`kubectl apply` says `$retainKeys` for that by itself), and tolerations are
added to those that are there, which no pod of a run should lose by accident.

Pure. What is no patch is told by `faults`; `merge` wants one without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Fields = Mapping[str, Any]
_PATCH, _RETAIN = "$patch", "$retainKeys"


class Keyed(NamedTuple):
    """A list that is merged. key: what tells its elements apart; an empty one: all are added.

    inner: the lists in its elements. exclusive: a patch's element says all that it is to keep.
    """

    key: str
    inner: Mapping[str, Keyed] = {}
    exclusive: bool = False


_CONTAINERS = Keyed(
    "name",
    {
        "env": Keyed("name"),
        "ports": Keyed("containerPort"),
        "volumeMounts": Keyed("mountPath"),
        "volumeDevices": Keyed("devicePath"),
    },
)
#: The lists of a pod's spec that are merged, by the `patchMergeKey` of Kubernetes' API reference.
POD: Mapping[str, Keyed] = {
    "containers": _CONTAINERS,
    "initContainers": _CONTAINERS,
    "ephemeralContainers": _CONTAINERS,
    "hostAliases": Keyed("ip"),
    "imagePullSecrets": Keyed("name"),
    "resourceClaims": Keyed("name", exclusive=True),
    "schedulingGates": Keyed("name"),
    "tolerations": Keyed(""),
    "topologySpreadConstraints": Keyed("topologyKey"),
    "volumes": Keyed("name", exclusive=True),
}


def merge(original: Fields, patch: Fields, lists: Mapping[str, Keyed] = POD) -> dict[str, Any]:
    """The original with the patch laid over it; neither is changed."""
    directive = patch.get(_PATCH)
    if directive == "delete":
        return {}
    kept = patch.get(_RETAIN)
    merged = {
        key: value
        for key, value in original.items()
        if directive != "replace" and (kept is None or key in kept)
    }
    for key, value in patch.items():
        if key in (_PATCH, _RETAIN):
            continue
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = merge(before if isinstance(before, Mapping) else {}, value, {})
        elif isinstance(value, (list, tuple)) and key in lists:
            merged[key] = _elements(before or [], value, lists[key])
        else:
            merged[key] = value
    return merged


def _elements(original: Sequence[Any], patch: Sequence[Fields], keyed: Keyed) -> list[Any]:
    """A merged list. An element with `$patch: replace` stands for the whole list."""
    merged = [] if any(one.get(_PATCH) == "replace" for one in patch) else list(original)
    for one in patch:
        directive = one.get(_PATCH)
        at = _position(merged, one, keyed.key)
        if directive == "delete":
            merged = [other for other in merged if other.get(keyed.key) != one.get(keyed.key)]
        elif directive == "replace":
            continue
        elif at is None:
            merged.append(merge({}, one, keyed.inner))
        else:
            merged[at] = _element(merged[at], one, keyed)
    return merged


def _element(original: Fields, patch: Fields, keyed: Keyed) -> dict[str, Any]:
    if keyed.exclusive and len(patch) > 1 and _RETAIN not in patch:
        original = {key: value for key, value in original.items() if key in patch}
    return merge(original, patch, keyed.inner)


def _position(elements: Sequence[Fields], like: Fields, key: str) -> int | None:
    """Where the element is that a patch's means."""
    found = (at for at, one in enumerate(elements) if key and one.get(key) == like.get(key))
    return next(found, None)


def faults(
    patch: Fields, lists: Mapping[str, Keyed] = POD, path: str = ""
) -> Iterator[tuple[str, str]]:
    """(path in the patch, what is wrong with it), for all that Kubernetes would take for no
    patch."""
    for key, value in patch.items():
        here = f"{path}.{key}" if path else key
        if key == _PATCH and value not in ("replace", "delete"):
            yield here, "must be replace or delete"
        elif key == _RETAIN and not isinstance(value, (list, tuple)):
            yield here, "must be a list of keys"
        elif key.startswith("$") and key not in (_PATCH, _RETAIN):
            yield here, "unknown directive; known: $patch, $retainKeys"
        elif key in lists and value is not None:
            yield from _list_faults(value, lists[key], here)
        elif isinstance(value, Mapping):
            yield from faults(value, {}, here)


def _list_faults(value: object, keyed: Keyed, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        yield path, "must be a list"
        return
    for at, one in enumerate(value):
        here = f"{path}[{at}]"
        if not isinstance(one, Mapping):
            yield here, "must be a mapping"
            continue
        if keyed.key and one.get(keyed.key) is None and one.get(_PATCH) != "replace":
            yield here, f"must have `{keyed.key}`, by which it is told apart"
        yield from faults(one, keyed.inner, here)

"""The short forms of what a job says of its pods, spelled out: `gpus: amd.com/gpu=2`, a toleration
as `kubectl` prints taints, a volume as `SOURCE:PATH`, a secret as `SECRET/KEY`, `api: true`."""

from __future__ import annotations

import re
from collections.abc import Callable

from rankzero.spec.given import Given, from_python, literal, word
from rankzero.spec.pods import LOOKING, SOURCES

#: What only a volume that is made has.
_MADE = {"size", "access", "class", "keep"}
_OPTION = re.compile(r",(size|access|class|keep)=")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def spelled_out(section: dict[str, Given]) -> dict[str, Given]:
    """The fields of a job or a role in the model's form."""
    fields = dict(section)
    for key, spell in _SPELL.items():
        if key in fields:
            fields[key] = spell(fields[key])
    if "gpus" in fields:
        fields |= _gpus(fields["gpus"])
    if "place" in fields and "nodes" not in fields and fields["place"].items:
        place = fields["place"]
        fields["nodes"] = Given(len(place.items), place.place)
    return fields


def _gpus(given: Given) -> dict[str, Given]:
    """`amd.com/gpu=2`: the cluster's name for them, and how many."""
    name, equals, count = given.text.rpartition("=") if given.is_scalar else ("", "", "")
    if not equals:
        return {"gpus": given}
    number = int(count) if count.isascii() and count.isdecimal() and len(count) < 19 else count
    return {
        "gpus": Given(number, given.place, count),
        "gpu_resource": literal(name, given.place),
    }


def _texts(given: Given) -> Given:
    """A mapping whose values are meant as text."""
    if not isinstance(given.value, dict):
        return given
    return given._replace(value={key: one.as_text() for key, one in given.entries.items()})


def _places(given: Given) -> Given:
    return _each(given, _texts)


def _tolerations(given: Given) -> Given:
    return _each(_as_list(given), _toleration)


def _toleration(given: Given) -> Given:
    """`key=value:NoSchedule`; without a value any, without an effect all."""
    if not given.is_scalar:
        entries = {
            key: one if key == "tolerationSeconds" else one.as_text()
            for key, one in given.entries.items()
            if one.value is not None
        }
        return given._replace(value=entries) if isinstance(given.value, dict) else given
    taint, colon, effect = given.text.rpartition(":")
    if not colon:
        taint, effect = ("", given.text) if given.text in _EFFECTS else (given.text, "")
    key, equals, value = taint.partition("=")
    said = {"key": key, "effect": effect, "operator": "Equal" if equals else "Exists"}
    if equals:
        said["value"] = value
    return _table(given, {name: text for name, text in said.items() if text or name == "value"})


def volumes(given: Given) -> Given:
    """A table of volumes; one that has a size and no source is the claim of its own name."""
    if not isinstance(given.value, dict):
        return given
    return given._replace(value={key: _named(key, one) for key, one in given.entries.items()})


def _named(name: str, given: Given) -> Given:
    volume = _volume(given)
    if not volume.entries.keys() & _MADE or volume.entries.keys() & set(SOURCES):
        return volume
    return volume.having(claim=literal(name, given.place))


def _volume(given: Given) -> Given:
    """`SOURCE:PATH`, with `:ro` for one that is only read, and with `,size=5Gi` and the like for
    one that is made. SOURCE is a claim, or a machine's folder where it begins with `/`."""
    if not given.is_scalar:
        return given.having(**{k: None for k, one in given.entries.items() if one.value is None})
    head, *options = _OPTION.split(given.text)
    text = head.removesuffix(":ro")
    source, colon, path = text.rpartition(":") if ":" in text else (text, "", "")
    kind = "host_path" if source.startswith("/") else "claim"
    made = _table(given, {kind: source, **({"path": path} if colon else {})})
    only_read = Given(True, given.place, "true") if text != head else None
    more = {
        key: word(one, given.place) for key, one in zip(options[::2], options[1::2], strict=True)
    }
    return made.having(read_only=only_read, **more)


def _secrets(given: Given) -> Given:
    if not isinstance(given.value, dict):
        return given
    return given._replace(value={key: _secret(key, one) for key, one in given.entries.items()})


def _secret(variable: str, given: Given) -> Given:
    """`SECRET/KEY`; the key is the variable's name unless it is said."""
    if given.is_scalar:
        secret, _, key = given.text.partition("/")
        return _table(given, {"secret": secret, "key": key or variable})
    if isinstance(given.value, dict) and "key" not in given.value:
        return given.having(key=literal(variable, given.place))
    return given


def _env_from(given: Given) -> Given:
    return _each(
        _as_list(given),
        lambda one: _table(one, {"secret": one.text}) if one.is_scalar else one,
    )


def _api(given: Given) -> Given:
    if given.value is True:
        return given._replace(value=[from_python(LOOKING, given.place, [])])
    return given._replace(value=[]) if given.value is False else given


def _as_list(given: Given) -> Given:
    """One word where a list may stand."""
    return given._replace(value=[given]) if given.is_scalar else given


def _each(given: Given, spell: Callable[[Given], Given]) -> Given:
    if not isinstance(given.value, list):
        return given
    return given._replace(value=[spell(one) for one in given.items])


def _table(given: Given, texts: dict[str, str]) -> Given:
    return given._replace(value={key: literal(text, given.place) for key, text in texts.items()})


_SPELL: dict[str, Callable[[Given], Given]] = {
    "node_selector": _texts,
    "place": _places,
    "tolerations": _tolerations,
    "volumes": volumes,
    "secrets": _secrets,
    "env_from": _env_from,
    "pull_secrets": _as_list,
    "api": _api,
}

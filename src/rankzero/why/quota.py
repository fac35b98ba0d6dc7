"""The namespace's quota has no room for the pod."""

from __future__ import annotations

import re

from rankzero.why import creating
from rankzero.why.amounts import number
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_EXCEEDED = re.compile(
    r"exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)", re.DOTALL
)
_UNSAID = re.compile(r"failed quota: ([^:]+): must specify (.*?)(?: for: .*)?$")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = creating.refusal(pod, seen)
    unsaid = _UNSAID.search(said)
    if unsaid:
        name, what = unsaid.groups()
        text = f'quota "{name}" wants every pod to say its {what.strip()}'
        return Trouble("quota", text, f"say it in the job: {_options(what)}", hopeless=True)
    found = _EXCEEDED.search(said)
    if found is None:
        return None
    name = found.group(1)
    wants, used, limits = (_amounts(found.group(at)) for at in (2, 3, 4))
    text = f'quota "{name}" is exceeded: ' + ", ".join(
        f"{what} {amount} asked, {used.get(what, '0')} of {limits.get(what, '?')} used"
        for what, amount in wants.items()
    )
    never = [what for what in wants if number(wants[what]) > number(limits.get(what, ""))]
    if never:
        remedy = f"ask for less ({_options(', '.join(never))}), or for a larger quota"
    else:
        show = seen.kubectl("get quota")
        remedy = f"wait until other pods of the namespace end, or ask for less: {show}"
    return Trouble("quota", text, remedy, hopeless=bool(never))


def _amounts(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _options(what: str) -> str:
    """The options that say such an amount."""
    words = {"cpu": "--cpu", "memory": "--memory", "gpu": "--gpus", "pods": "--nodes"}
    found = [option for word, option in words.items() if re.search(rf"\b{word}\b", what)]
    return ", ".join(found) or what.strip()


find = by(look)

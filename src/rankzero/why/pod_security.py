"""The namespace's Pod Security level does not let the pod in."""

from __future__ import annotations

import re

from rankzero.why import creating
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_SAID = re.compile(r'violates PodSecurity "([^"]+)": (.*)', re.DOTALL)
#: `name (what must be set)`, one rule after the other.
_RULE = re.compile(r"([^,(]+?) \((.*?)\)(?:, (?=[^()]+ \()|$)")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    found = _SAID.search(creating.refusal(pod, seen))
    if found is None:
        return None
    level, rules = found.group(1).partition(":")[0], _RULE.findall(found.group(2))
    names = ", ".join(name.strip() for name, _ in rules) or found.group(2)
    text = f'this namespace does not let the pod in (Pod Security "{level}"): {names}'
    remedy = "leave out what asks for more than the namespace allows (hostPath, the pod: overlay)"
    evidence = tuple(f"{name.strip()}: {what}" for name, what in rules)
    return Trouble("pod-security", text, remedy, evidence, hopeless=True)


find = by(look)

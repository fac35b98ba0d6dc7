"""What keeps a node's pod from beginning: how the causes of it look, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rankzero.why.model import Facts, Finding
from rankzero.why.seen import Pod, Seen

#: How many nodes a title names.
_NAMED = 4


class Trouble(NamedTuple):
    """Why one pod does not begin. text: what stands behind `worker/0: ` in one line.
    hopeless: waiting alone will not mend it."""

    cause: str
    text: str
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    hopeless: bool = False


#: Looks at one pod; None where this is not what keeps it.
Look = Callable[[Pod, Seen], "Trouble | None"]


def by(look: Look) -> Callable[[Facts], Finding | None]:
    """The cause that finds what `look` sees, in the pods that have not begun."""

    def find(facts: Facts) -> Finding | None:
        found = [(pod.node, look(pod, facts.seen)) for pod in facts.blocked]
        troubles = [(node, trouble) for node, trouble in found if trouble is not None]
        if not troubles:
            return None
        first = troubles[0][1]
        same = [node for node, trouble in troubles if trouble.text == first.text]
        others = [f"{node}: {trouble.text}" for node, trouble in troubles if node not in same]
        evidence = (*first.evidence, *others[:_NAMED])
        return Finding(first.cause, f"{listed(same)}: {first.text}", evidence, first.remedy)

    return find


def listed(nodes: Iterable[str], most: int = _NAMED) -> str:
    """`worker/0, worker/1 and 6 more`."""
    names = list(nodes)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

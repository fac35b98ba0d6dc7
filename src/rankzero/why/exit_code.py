"""A rank left with a code other than 0: `sys.exit(3)`, a wrong option, or a command's own.

What it wrote before it left says why: argparse, for one, names the wrong option there.
"""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, left

#: As many last lines as a message about a wrong option mostly has.
_LINES = 3


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not left(failure):
        return None
    found = finding("exit-code", facts)
    said = [line.rstrip() for line in failure.tail if line.strip()][-_LINES:]
    if len(said) == 1:
        said = [f"its last line: {said[0].strip()}"]
    elif said:
        said = ["its last lines:", *(f"  {line}" for line in said)]
    return found._replace(evidence=(*said, *found.evidence))

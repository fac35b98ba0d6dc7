"""A rank asked for more GPU memory than was free."""

from __future__ import annotations

import re

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, who

_SIZE = r"([\d.]+ [KMGT]iB)"
_TRIED = re.compile("Tried to allocate " + _SIZE)
_FREE = re.compile(_SIZE + " is free")
_TOTAL = re.compile("total capacity of " + _SIZE)


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    exception = failure.exception if failure else None
    if failure is None or not exception:
        return None
    message = str(exception.get("message"))
    kind = str(exception.get("type"))
    if not kind.endswith("OutOfMemoryError") and "CUDA out of memory" not in message:
        return None
    title = f"{who(failure)} ran out of GPU memory"
    tried, free, total = (found.search(message) for found in (_TRIED, _FREE, _TOTAL))
    if tried and free:
        title += f": tried {tried.group(1)}, {free.group(1)} free"
        title += f" of {total.group(1)}" if total else ""
    remedy = "a smaller batch, or a GPU with more memory; nvidia-smi shows who else uses it"
    return finding("out-of-gpu-memory", facts, remedy, title=title)

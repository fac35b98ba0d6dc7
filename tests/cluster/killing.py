"""A command line that is killed at one of its calls to the API server, before it or after it."""

from __future__ import annotations

import os
from pathlib import Path

#: Read by the command's own interpreter when it starts: `before 3` is SIGKILL in place of the third
#: call, `after 3` as soon as it is answered.
_HOOK = """
import itertools, os, signal
import httpx2

when, number = os.environ["RANKZERO_TEST_KILL"].split()
calls = itertools.count(1)


def reached(moment, call):
    if moment == when and call == int(number):
        os.kill(os.getpid(), signal.SIGKILL)


def watched(kind, name):
    call = getattr(kind, name)

    def send(self, *args, **options):
        mine = next(calls)  # some are made at the same time
        reached("before", mine)
        answer = call(self, *args, **options)
        reached("after", mine)
        return answer

    setattr(kind, name, send)


watched(httpx2.Client, "send")
watched(httpx2.AsyncClient, "websocket")
"""


def killed_at(folder: Path, when: str, call: int) -> dict[str, str]:
    """The environment of a command that ends so. folder: for what its interpreter reads."""
    hook = folder / "killing"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(_HOOK)
    paths = [str(hook), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "RANKZERO_TEST_KILL": f"{when} {call}"}

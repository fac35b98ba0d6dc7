"""Running tests/cluster, and the contract suite on pods: on a named cluster, else on a lab."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import FrameType

from . import cluster, compile, images, needs, registry
from .places import KUBECONFIG, ROOT
from .shell import LabError, say
from .target import KUBECONFIG_VARIABLE, NO_LAB_VARIABLE, PLACE_VARIABLE

#: A module's tests share what is made for it, so they stay together.
_AT_ONCE = ("-n", "3", "--dist", "loadfile")
#: Exit codes of pytest: interrupted, an error of its own, a wrong call; that there were no tests;
#: that some failed.
_STOPPED, _NO_TESTS, _FAILED = (2, 3, 4), 5, 1


def run(arguments: list[str]) -> int:
    """Run the tests with pytest's arguments; their exit status. A lab that was up stays up."""
    if os.environ.get(KUBECONFIG_VARIABLE):
        return _pytest(arguments)
    if obstacle := needs.obstacle():
        text = f"this machine cannot host the lab: {obstacle}"
        if os.environ.get("CI") == "true" and sys.platform == "linux" and os.geteuid() == 0:
            raise LabError(f"{text}. Under CI that is a failure.")
        say(f"{text}. The tests that need a cluster are skipped.")
        return _pytest(arguments, {NO_LAB_VARIABLE: obstacle})
    with standing():
        if not _named(arguments):
            with cluster.alone():
                # What some of them ask for, while nobody waits for it.
                compile.metrics_server()
                compile.helm()
                compile.jobset()
        return _pytest(arguments)


@contextlib.contextmanager
def standing() -> Iterator[None]:
    """A lab with its images, within the block; one that was up stays up. Errors: LabError."""
    signal.signal(signal.SIGTERM, _leave)
    was_up = cluster.is_up()
    try:
        if not was_up:
            needs.install()
            cluster.up()
        for name, recipe in images.STANDARD.items():
            images.ensure(name, recipe)
        yield
    finally:
        if not was_up:
            cluster.down()


def command(words: list[str]) -> int:
    """Run a command for which the lab is the cluster: KUBECONFIG leads to it, RANKZERO_IMAGE names
    its image with PyTorch. Its exit status. A lab that was up stays up."""
    with standing():
        image = registry.full_name("lab/torch")
        return _call(words, {"KUBECONFIG": str(KUBECONFIG), "RANKZERO_IMAGE": image})


def _pytest(arguments: list[str], more: dict[str, str] | None = None) -> int:
    """Those that are named, as they are; else all: most of a test is waiting, so first some at a
    time, then those that would get in the others' way."""
    words = [sys.executable, "-m", "pytest", *arguments]
    env = {PLACE_VARIABLE: "kubernetes", **(more or {})}
    if _named(arguments):
        return _call(words, env)
    words += ["tests/cluster", "tests/contract"]
    together = _call([*words, *_AT_ONCE, "-m", "not alone"], env)
    if together in _STOPPED:
        return together
    alone = _call([*words, "-m", "alone"], env)
    if alone in _STOPPED:
        return alone
    if _FAILED in (together, alone):
        say("what failed is tried once more, one by one: a busy machine may have been in the way")
        return _call([*words, "--last-failed", "--last-failed-no-failures", "none"], env)
    return _NO_TESTS if together == alone == _NO_TESTS else 0


def _named(arguments: list[str]) -> bool:
    """Whether tests are named, and not all of them meant."""
    return any(word.startswith("tests/") for word in arguments)


def _call(words: list[str], more: dict[str, str]) -> int:
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **more})
    try:
        return process.wait()
    except KeyboardInterrupt:  # it got this, too, and ends in order
        return process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)

"""A full disk: a small file system of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.disks import small_disk
from support.home import Home

#: Writes lines until it is stopped.
FLOODS = "import os\nwhile True: os.write(1, b'x' * 99 + b'\\n')\n"


@pytest.fixture
def disk(home: Home) -> Iterator[Callable[[str], Path]]:
    with small_disk(home) as mount:
        yield mount


def test_a_disk_full_at_the_start_creates_nothing(home: Home, disk) -> None:
    state = disk("64k")
    (state / "ballast").write_bytes(b"." * 60 * 1024)

    said = home.call("run", home.script("print('hello')"))

    assert said.code == 3, said
    assert "No space left on device" in said.err
    assert "XDG_STATE_HOME" in said.err
    assert "Traceback" not in said.err
    assert list(home.runs) == []
    home.nothing_left()


def test_a_disk_that_fills_fails_the_run_and_says_so(home: Home, disk) -> None:
    disk("2m")

    said = home.call("run", home.script(FLOODS), "--nodes", "2")

    assert said.code == 3, said.err  # the environment refused
    assert "No space left on device" in said.err
    assert "Traceback" not in said.err
    assert home.until_ended().state == ev.FAILED
    home.nothing_left()
    run = home.only().run
    assert "No space left on device" in home.call("why", run).out
    assert home.call("logs", run, "--tail", "1").code == 0
    assert home.call("delete", run).code == 0


def test_log_keep_below_the_disks_size_lets_the_run_go_on(home: Home, disk) -> None:
    disk("4m")
    script = "import os\nfor _ in range(200_000): os.write(1, b'x' * 99 + b'\\n')\n"

    said = home.call("run", home.script(script), "--log-keep", "1Mi")

    assert said.code == 0, said.err
    assert home.until_ended().state == ev.SUCCEEDED
    assert said.out.count("x" * 99) > 0

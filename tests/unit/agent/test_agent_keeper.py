"""A node's lines kept on a volume: at its own pace, with its troubles said and survived."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from rankzero.agent import keeper
from rankzero.agent.config import AgentConfig, Command, RoleShape
from rankzero.agent.keeper import Keeper
from rankzero.agent.logs.copy import Copy
from rankzero.agent.logs.writer import LogWriter
from rankzero.agent.owned import make_outputs, own
from rankzero.contracts.topology import Settings

TOKEN = b"a" * 64


class Node:
    """A node's log with its keeper."""

    def __init__(self, loop, folder: Path, incarnation: str = "1-a") -> None:
        self.loop, self.volume = loop, folder / "volume"
        self.config = AgentConfig(
            run="any-0000",
            role="worker",
            index=1,
            roles=(RoleShape("worker", 2, 2),),
            settings=Settings("any-0000", "plain"),
            command=Command("script", "train.py"),
            coordinator="127.0.0.1:1",
            token_file="token",
            folder=str(folder / f"node-{incarnation}"),
            outputs=str(self.volume / "any-0000" / "outputs"),
            workdir=".",
            python="python3",
            log_folder=str(self.volume / "any-0000" / "logs"),
            shared_outputs=True,
        )
        self.writer = LogWriter(f"{self.config.folder}/logs", 1 << 30)
        self.notices: list[str] = []
        self.connected = True
        self.refused: list[str] = []
        self.keeper = Keeper(
            loop,
            self.config,
            TOKEN,
            incarnation,
            on_notice=self.notice,
            on_refused=self.refused.append,
        )

    def notice(self, text: str) -> bool:
        self.notices.append(text)
        return self.connected

    def write(self, data: bytes) -> None:
        self.writer.append(0, 1, data, self.loop.now())
        self.keeper.wrote()

    def kept(self) -> bytes:
        found = sorted(self.volume.glob("any-0000/logs/worker-1/*/rank-0.*.log"))
        return b"".join(path.read_bytes() for path in found)


@pytest.fixture
def waiting(loop, tmp_path: Path) -> Node:
    """One whose keeper has not begun."""
    return Node(loop, tmp_path)


@pytest.fixture
def node(waiting: Node) -> Node:
    waiting.keeper.start()
    return waiting


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    """Files that no process here can make longer than some bytes, as on a disk that is full. Only
    within the block: what pytest itself writes may go to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_come_to_the_volume_while_the_run_goes_on(node: Node) -> None:
    node.write(b"one\n")
    node.loop.until(lambda: node.kept() == b"one\n")
    node.write(b"two\n")
    node.loop.until(lambda: node.kept() == b"one\ntwo\n")
    assert (node.notices, node.refused) == ([], [])


def test_the_end_waits_for_what_is_not_there_yet(node: Node) -> None:
    for number in range(1000):
        node.write(b"line %d\n" % number)
    assert node.keeper.finish() is None
    assert node.kept().count(b"\n") == 1000


def test_another_agent_of_the_node_leaves_what_the_first_has_kept(loop, tmp_path: Path) -> None:
    for incarnation, text in (("1-a", b"first\n"), ("2-b", b"second\n")):
        node = Node(loop, tmp_path, incarnation)
        node.keeper.start()
        node.write(text)
        assert node.keeper.finish() is None
    assert node.kept() == b"first\nsecond\n"


def test_a_full_volume_is_said_once_and_gets_the_rest_later(waiting: Node) -> None:
    text = b"".join(b"%099d\n" % number for number in range(500))
    waiting.write(text)
    with small_files():
        waiting.keeper.start()
        waiting.loop.until(lambda: waiting.notices)

    (said,) = waiting.notices
    assert said.startswith("the log volume takes no lines (File too large); the node keeps them")
    assert waiting.keeper.finish() is None
    assert waiting.kept() == text


def test_what_nobody_heard_is_said_once_somebody_does(waiting: Node) -> None:
    waiting.connected = False
    waiting.write(b"y" * 50_000)
    with small_files():
        waiting.keeper.start()
        waiting.loop.until(lambda: waiting.notices)
    assert waiting.keeper.finish() is None
    waiting.loop.until(lambda: len(waiting.notices) == 2)
    unheard, waiting.notices = waiting.notices, []
    assert [text.split(" lines")[0] for text in unheard] == [
        "the log volume takes no",
        "the log volume takes",
    ]

    waiting.connected = True
    waiting.keeper.heard()
    assert waiting.notices == unheard
    waiting.keeper.heard()
    assert waiting.notices == unheard


def test_a_trouble_that_lasts_is_said_to_the_next_coordinator(waiting: Node) -> None:
    waiting.write(b"y" * 50_000)
    with small_files():
        waiting.keeper.start()
        waiting.loop.until(lambda: waiting.notices)
        waiting.keeper.heard()
        trouble = waiting.keeper.finish()
    first, again = waiting.notices
    assert first == again
    assert trouble == "File too large"


def test_what_never_came_is_told_at_the_end(waiting: Node) -> None:
    waiting.write(b"y" * 50_000)
    with small_files():
        waiting.keeper.start()
        waiting.loop.until(lambda: waiting.notices)
        trouble = waiting.keeper.finish()
    assert trouble == "File too large"


def test_a_volume_that_says_only_at_the_end_that_it_is_full(node: Node, monkeypatch) -> None:
    def full(_: Copy) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Copy, "close", full)
    node.write(b"one\n")
    assert node.keeper.finish() == "No space left on device"


def test_a_volume_that_hangs_holds_nobody(waiting: Node, monkeypatch) -> None:
    monkeypatch.setattr(keeper, "FINISH", 0.05)
    log = Path(waiting.config.log_folder or "", "worker-1", "1-a", f"rank-0.{0:016}.log")
    log.parent.mkdir(parents=True)
    os.mkfifo(log)  # to open it for writing takes as long as nobody reads it
    waiting.keeper.start()
    for number in range(1000):
        waiting.write(b"line %d\n" % number)

    assert waiting.keeper.finish() == "it is too slow"
    with log.open("rb") as volume:
        assert volume.read() == b"".join(b"line %d\n" % number for number in range(1000))


def test_a_volume_that_cannot_be_written_is_refused(loop, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "any-0000").write_text("no folder")
    node = Node(loop, tmp_path)
    node.keeper.start()
    loop.until(lambda: node.refused)
    assert "cannot keep logs on the volume" in node.refused[0]
    assert node.keeper.finish() is None


def test_the_folder_of_an_earlier_run_of_the_same_name_is_nobody_elses(
    loop, tmp_path: Path
) -> None:
    own(str(tmp_path / "volume" / "any-0000"), b"another's token")
    node = Node(loop, tmp_path)
    node.keeper.start()
    loop.until(lambda: node.refused)
    assert "an earlier run of this name" in node.refused[0]
    fault = make_outputs(node.config, TOKEN)
    assert fault is not None
    assert "an earlier run of this name" in fault
    assert not Path(node.config.outputs).exists()


def test_all_nodes_of_a_run_share_its_folder(node: Node) -> None:
    assert make_outputs(node.config, TOKEN) is None
    assert make_outputs(node.config, TOKEN) is None
    assert Path(node.config.outputs).is_dir()
    assert make_outputs(node.config._replace(shared_outputs=False), b"any") is None


def test_without_a_thread_the_node_refuses_and_still_comes_to_its_end(
    waiting: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", none_left)
    waiting.keeper.start()
    waiting.loop.until(lambda: bool(waiting.refused))

    assert "can't start new thread" in waiting.refused[0]
    waiting.keeper.finish()

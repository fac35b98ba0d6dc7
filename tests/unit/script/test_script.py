"""The calls a training script may make, bare and in a run."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rankzero
from rankzero.script.channel import LIMIT, Channel, channel, name_of


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No run around us, whatever runs these tests; and a folder to write to."""
    for name in [name for name in os.environ if name.startswith("RANKZERO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    channel.__init__()  # type: ignore[misc]


class Pipe:
    """An agent's end of a rank's pipe."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()

    def lines(self) -> list[Any]:
        os.set_blocking(self.read, False)
        try:
            return [json.loads(line) for line in os.read(self.read, 1 << 20).splitlines()]
        except BlockingIOError:
            return []


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    pipe = Pipe()
    monkeypatch.setenv("RANKZERO_REPORT_FD", name_of(pipe.write))
    yield pipe
    for descriptor in (pipe.read, pipe.write):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_bare_a_script_is_a_world_of_one(tmp_path: Path) -> None:
    here = rankzero.context()

    assert (here.rank, here.world_size, here.local_rank, here.nodes) == (0, 1, 0, 1)
    assert (here.run, here.role, here.generation, here.restarts) == ("", "worker", 0, 0)
    assert here.outputs == str(tmp_path / "outputs")
    assert not (tmp_path / "outputs").exists()


def test_in_a_run_the_context_is_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    from rankzero import contracts
    from rankzero.contracts.topology import Node, Settings, Topology

    nodes = (Node("chief", 0, "a", 1, (1, 2)), Node("worker", 0, "b", 2, (1, 2, 3)))
    topology = Topology(Settings("digits-7f3a", "plain"), 4, 2, nodes)
    for name, value in contracts.environment(topology, list(topology.ranks())[2]).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RANKZERO_OUTPUTS", "/data/out")

    assert rankzero.context() == rankzero.Context(
        run="digits-7f3a",
        rank=2,
        world_size=3,
        local_rank=1,
        local_world_size=2,
        role="worker",
        role_rank=1,
        node=1,
        nodes=2,
        generation=4,
        restarts=2,
        outputs="/data/out",
    )


def test_the_outputs_folder_is_made_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rankzero.outputs() == tmp_path / "outputs"
    assert (tmp_path / "outputs").is_dir()

    monkeypatch.setenv("RANKZERO_OUTPUTS", str(tmp_path / "run" / "größe"))
    assert rankzero.outputs().is_dir()
    assert rankzero.outputs() == tmp_path / "run" / "größe"


def test_a_ranks_own_folder_is_the_one_that_its_agent_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rankzero.agent.config import AgentConfig, Command
    from rankzero.agent.environment import environment
    from rankzero.contracts.topology import Node, Settings, Topology

    topology = Topology(
        Settings("digits-7f3a", "plain"), 1, 0, (Node("worker", 0, "a", 4, (1, 2)),)
    )
    command = Command("script", "train.py")
    where = ("127.0.0.1:1", "token", str(tmp_path), str(tmp_path), ".", "")
    config = AgentConfig("digits-7f3a", "worker", 0, (), topology.settings, command, *where)
    for name, value in environment(config, topology, list(topology.ranks())[3]).items():
        monkeypatch.setenv(name, value)

    assert rankzero.outputs(own=True) == tmp_path / "ranks" / "3"
    assert os.environ["RANKZERO_RANK_OUTPUTS"] == str(tmp_path / "ranks" / "3")
    assert rankzero.outputs(own=True).is_dir()


def test_a_report_is_one_line(pipe: Pipe) -> None:
    rankzero.report(step=3, loss=0.25, note="größe", best=True, lr=None)

    first, line = pipe.lines()
    assert list(first) == ["first_step"]
    assert line == {"report": {"step": 3, "loss": 0.25, "note": "größe", "best": True, "lr": None}}


def test_only_the_first_step_is_told_and_only_with_a_step(pipe: Pipe) -> None:
    rankzero.report(loss=1)
    rankzero.report(step=1)
    rankzero.report(step=2)

    assert [next(iter(line)) for line in pipe.lines()] == [
        "report",
        "first_step",
        "report",
        "report",
    ]


class Scalar:
    """As a tensor of one element is seen from outside."""

    def __init__(self, *values: float) -> None:
        self.values = values

    def item(self) -> float:
        if len(self.values) != 1:
            raise RuntimeError(f"a Tensor with {len(self.values)} elements cannot be converted")
        return self.values[0]


class Half(float):
    pass


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (Scalar(0.5), 0.5),
        (Scalar(float("nan")), "nan"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (Half(0.5), 0.5),
        (2**70, 2**70),
    ],
)
def test_values_arrive_as_plain_json(pipe: Pipe, value: Any, arrives: Any) -> None:
    rankzero.report(loss=value)

    assert pipe.lines() == [{"report": {"loss": arrives}}]


def test_real_tensors_and_arrays(pipe: Pipe) -> None:
    numpy = pytest.importorskip("numpy")

    rankzero.report(
        a=numpy.float32(0.5), b=numpy.int64(3), c=numpy.array([2.0]), d=numpy.bool_(True)
    )

    assert pipe.lines() == [{"report": {"a": 0.5, "b": 3, "c": 2.0, "d": True}}]


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, object(), b"x", 1j])
def test_another_kind_of_value_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(TypeError, match=r"report\(loss=...\) takes a number"):
        rankzero.report(loss=value)


def test_several_values_are_refused() -> None:
    with pytest.raises(TypeError, match=r"report\(loss=...\) takes one value, not several"):
        rankzero.report(loss=Scalar(1.0, 2.0))


def test_a_line_as_long_as_the_system_writes_whole(pipe: Pipe) -> None:
    around = len('{"report":{"x":""}}\n')

    rankzero.report(x="a" * (LIMIT - around))
    assert len(pipe.lines()[0]["report"]["x"]) == LIMIT - around

    with pytest.raises(ValueError, match=r"at most 4096 bytes .* this one has 4097"):
        rankzero.report(x="a" * (LIMIT - around + 1))
    assert pipe.lines() == []


def test_a_full_pipe_drops_and_tells_how_many(pipe: Pipe) -> None:
    sent = 0
    while channel.dropped == 0:
        rankzero.report(n=sent)
        sent += 1
    rankzero.report(n=sent)
    assert channel.dropped == 2

    arrived = pipe.lines()
    rankzero.report(n="after")
    rankzero.report(n="later")

    assert [line["report"]["n"] for line in arrived] == list(range(sent - 1))
    assert pipe.lines() == [{"report": {"n": "after"}, "dropped": 2}, {"report": {"n": "later"}}]


def test_an_agent_that_is_gone_stops_nothing(pipe: Pipe) -> None:
    rankzero.report(n=1)
    os.close(pipe.read)

    rankzero.report(n=2)
    rankzero.report(n=3)

    assert channel.dropped == 0


@pytest.mark.parametrize("named", ["", "x", "-1", "99999", "99999:1:2", "1", "x:y:z"])
def test_a_descriptor_that_is_none(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("RANKZERO_REPORT_FD", named)

    assert Channel().send("{}") is False


def test_the_same_number_may_be_another_file_in_a_grandchild(
    pipe: Pipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "model.bin", "wb") as file:
        named = name_of(pipe.write, as_fd=file.fileno())
        monkeypatch.setenv("RANKZERO_REPORT_FD", named)
        assert Channel().send("{}") is False
    assert (tmp_path / "model.bin").read_bytes() == b""
    assert pipe.lines() == []


def test_a_child_that_was_forked_reports_as_well(pipe: Pipe) -> None:
    rankzero.report(n=1)
    child = os.fork()
    if child == 0:
        rankzero.report(n=2)
        os._exit(0)
    os.waitpid(child, 0)

    assert [line["report"]["n"] for line in pipe.lines()] == [1, 2]

"""What benchmarks on a cluster read from output, and the peers that they apply."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from benchmarks.cluster import decode, ending, lines, machine, peer, restarts
from benchmarks.cluster.place import Said
from benchmarks.cluster.writes import writes


def printed(*numbers: int, rank: int = 0) -> list[bytes]:
    return [
        b"[%d] line %08d of those that must all arrive, each once\n" % (rank, number)
        for number in numbers
    ]


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (printed(0, 1, 2), (0, 0, 0)),
        (printed(0, 2), (1, 0, 0)),
        (printed(0, 1), (1, 0, 0)),
        (printed(0, 1, 1, 2), (0, 1, 0)),
        (printed(0, 2, 1), (0, 0, 1)),
        (printed(0, 1, 2, 3), (0, 0, 1)),  # no rank printed a line 3
        (printed(0, 1, 2, rank=5), (3, 0, 3)),
        ([*printed(0, 1), b"[0] line 0000"], (1, 0, 1)),  # cut off
        ([b"[x] line 1 of those that must all arrive, each once\n"], (3, 0, 1)),
    ],
)
def test_lines_are_counted_that_are_lost_repeated_or_astray(
    output: list[bytes], count: tuple[int, int, int]
) -> None:
    assert lines.counted(output, ranks=1, lines=3) == count


def test_each_rank_s_lines_are_counted_by_themselves() -> None:
    output = [*printed(0), *printed(0, rank=1), *printed(1, 2), *printed(2, rank=1)]
    assert lines.counted(output, ranks=2, lines=3) == (1, 0, 0)


def test_a_restart_lasts_from_the_kill_to_the_next_step_of_any_rank() -> None:
    output = """
[1] step at 10.0
[1] killed at 10.5
[1] step at 12.0
[1] killed at 12.5
[1] step at 15.5
[0] step at 9.9
[0] step at 11.5
[0] step at 15.0
"""
    assert restarts.until_next_step(output) == [1.0, 2.5]


def test_a_lost_machine_costs_what_lies_between_its_moments() -> None:
    output = "[0] step at 90.0\n[1] line\n[0] step at 146.5\n"
    moments = machine.Moments(100.0, 111.0, 141.0, 141.5, machine.steps(output)[-1])

    assert moments.parts == [11.0, 30.0, 0.5, 5.0]
    assert len(moments.parts) == len(machine.NAMES)


def test_the_last_exit_counts() -> None:
    assert ending.last_exit("[0] exit at 10.25\n[1] exit at 11.5\n[0] bye\n") == 11.5


def test_all_methods_but_reading_are_writes() -> None:
    assert writes({"GET": 4, "POST": 5, "PATCH": 1, "DELETE": 2}) == 8


@pytest.mark.parametrize("manifest", ["static.yaml", "torchrun.yaml"])
def test_a_peer_carries_its_script_as_it_is(manifest: str) -> None:
    script = "import os\n\nif True:\n    print('a: b')\n"
    text = peer.render(
        manifest,
        name="peer-1",
        namespace="here",
        image="place/image:1",
        path="/code/train.py",
        script=peer.as_data("train.py", script),
        retries="3",
        restart="OnFailure",
    )
    service, code, job = yaml.safe_load_all(text)
    assert code["data"] == {"train.py": script}
    assert {one["metadata"]["name"] for one in (service, code, job)} == {"peer-1"}
    pod = job["spec"]["template"]["spec"]
    assert (pod["restartPolicy"], job["spec"]["backoffLimit"]) == ("OnFailure", 3)
    (container,) = pod["containers"]
    assert container["image"] == "place/image:1"
    assert container["command"][-1] == "/code/train.py"


def test_pods_are_those_of_the_job_each_with_a_name_and_an_index() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}
    job = {"metadata": {"name": "x-worker"}, "spec": {"template": template}}
    first, second = decode.like(job, 2)
    assert first["metadata"]["name"] == "x-worker-0"
    assert second["metadata"]["labels"] == {
        "a": "b",
        "batch.kubernetes.io/job-completion-index": "1",
    }
    assert second["spec"]["schedulerName"] == "nobody"
    assert template["metadata"] == {"labels": {"a": "b"}}


def said(tmp_path: Path, *err: str) -> Said:
    return Said(0.0, tmp_path / "none", [(float(at), line) for at, line in enumerate(err, 1)])


def test_a_run_s_id_is_read_where_the_command_says_it(tmp_path: Path) -> None:
    told = said(tmp_path, "note: something\n", "first-step-62be  torch · 2 nodes\n", "succeeded\n")
    assert told.run == "first-step-62be"
    assert told.when("succeeded") == 3.0


def test_a_word_that_nobody_said_ends_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="succeeded"):
        said(tmp_path, "failed\n").when("succeeded")

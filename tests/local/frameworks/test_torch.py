"""PyTorch, by the contract and the starter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero import contracts
from rankzero.contracts.topology import Node, Settings, Topology

from .conftest import World

pytestmark = pytest.mark.torch
Example = Callable[[str], Path]


def test_an_all_reduce_between_two_nodes_by_a_bare_call(world: World, example: Example) -> None:
    world.start(example("hello-torch"), "torch", "worker", "worker", backend="gloo")

    texts = world.all_succeed()

    assert [text.splitlines()[-1] for text in texts] == [
        f"hello from rank {rank} of 2: the ranks' numbers add up to 1" for rank in (0, 1)
    ]


WHAT_IT_GOT = """
    from datetime import timedelta
    import torch.distributed as dist
    dist.init_process_group({arguments})
    group = dist.group.WORLD
    print("backend", dist.get_backend())
    options = group._get_backend(__import__("torch").device("cpu")).options
    print("timeout", options._timeout.total_seconds())
    dist.destroy_process_group()
    """


@pytest.mark.parametrize(
    ("arguments", "timeout"), [("", "77.5"), ("'gloo', timeout=timedelta(seconds=33)", "33.0")]
)
def test_the_jobs_backend_and_timeout_hold_unless_the_script_names_its_own(
    world: World, arguments: str, timeout: str
) -> None:
    backend = "gloo" if not arguments else "nccl"
    script = WHAT_IT_GOT.format(arguments=arguments)

    world.start(script, "torch", "worker", backend=backend, timeout_s=77.5)

    assert world.all_succeed()[0].splitlines()[-2:] == ["backend gloo", f"timeout {timeout}"]


def test_the_timeout_ends_a_wait_for_a_rank_that_never_comes(world: World) -> None:
    script = """
        import os, torch.distributed as dist
        if os.environ["RANK"] == "0":
            dist.init_process_group()
        """

    world.start(script, "torch", "worker", "worker", backend="gloo", timeout_s=1)
    waiting, _ = world.ends()

    assert waiting.code == 1
    assert "DistStoreError" in waiting.text or "imed out" in waiting.text


def test_a_backend_that_this_torch_lacks(world: World) -> None:
    world.start(
        "import torch.distributed as d; d.init_process_group()", "torch", "worker", backend="mpi"
    )

    (end,) = world.ends()

    assert end.code == 1
    assert "the job asks for the backend 'mpi', which this PyTorch was built without" in end.text


def test_the_first_optimizer_step_is_heard_of_once(world: World, tmp_path: Path) -> None:
    script = f"""
        import os
        from rankzero.script.channel import channel
        channel.open(os.open({str(tmp_path / "heard")!r}, os.O_WRONLY | os.O_CREAT))
        import torch
        from torch.optim import optimizer
        weight = torch.nn.Parameter(torch.ones(1))
        before = len(optimizer._global_optimizer_post_hooks)
        sgd = torch.optim.SGD([weight], lr=0.1)
        for _ in range(3):
            (weight ** 2).backward()
            sgd.step()
        print(before, len(optimizer._global_optimizer_post_hooks))
        """

    world.start(script, "torch", "worker")

    assert world.all_succeed()[0].splitlines()[-1] == "1 0"
    assert (tmp_path / "heard").read_text().count("first_step") == 1


def test_torchrun_sets_nothing_that_we_do_not(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text("import os; print(*os.environ)")
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    argv = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1"]
    shown = subprocess.run(
        [*argv, str(script)], env=clean, capture_output=True, text=True, timeout=120
    )
    topology = Topology(Settings("r", "torch"), 1, 0, (Node("worker", 0, "127.0.0.1", 1, (1, 2)),))
    (rank,) = topology.ranks()

    theirs = set(shown.stdout.split()) - clean.keys() - {"LC_CTYPE"}
    ours = contracts.environment(topology, rank).keys() | contracts.defaults(topology, rank).keys()

    assert "LOCAL_RANK" in theirs, shown.stderr
    # The agent adds the error file, whose path only it knows; the rest tells torchrun about itself.
    assert theirs - ours == {"TORCHELASTIC_ERROR_FILE", "TORCHELASTIC_SIGNALS_TO_HANDLE"}


def test_digits_by_two_ranks_to_its_accuracy_and_again_after_a_restart(
    world: World, example: Example, tmp_path: Path
) -> None:
    world.start(example("digits"), "torch", "worker", "worker", args=("--epochs", "5"))
    first, second = world.all_succeed()

    assert first.startswith("rank 0 of 2  backend gloo  master 127.0.0.1:")
    assert "process group is up: rank 0 of 2 on cpu" in first
    assert second.count("epoch ") == 5
    assert (tmp_path / "outputs" / "model.safetensors").stat().st_size > 1000

    again = World(tmp_path)
    again.start(example("digits"), "torch", "worker", "worker", args=("--epochs", "8"))
    texts = again.all_succeed()
    again.close()

    assert all("resumed after epoch 5\nepoch 6 " in text for text in texts)
    (line,) = [line for line in texts[0].splitlines() if line.startswith("test accuracy")]
    assert float(line.split()[-1]) >= 0.95

"""What a spare imports ahead, by the real PyTorch: it reads nothing of a membership, and a training
that was begun by one is the same training."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rankzero import contracts
from support.home import Home

pytest.importorskip("torch")

#: Two processes that import PyTorch, on a machine that may do more (seconds).
_PATIENCE = 150.0
#: Every variable that Python code looks up while these are imported, and whether any random
#: numbers were drawn.
LOOKS = """
import os, random

class Watched(type(os.environ)):
    def __getitem__(self, name):
        looked.add(str(name))
        return super().__getitem__(name)

looked = set()
real = os.environ
os.environ = Watched(real._data, real.encodekey, real.decodekey, real.encodevalue, real.decodevalue)
os.getenv = lambda name, default=None: os.environ.get(name, default)
import torch
before = random.getstate(), torch.get_rng_state()
import torch._dynamo
assert random.getstate() == before[0]
assert torch.equal(torch.get_rng_state(), before[1])
import threading
assert threading.active_count() == 1
print("\\n".join(looked))
"""


def test_an_import_of_torch_reads_no_variable_of_a_membership() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOKS], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    looked = done.stdout.split()
    assert "TORCH_LOGS" in looked
    assert not [name for name in looked if contracts.by_membership(name)]


TRAINS = """
import os, sys
import torch
from torch.nn.parallel import DistributedDataParallel

if __name__ == "__main__":
    here = "torch._dynamo" in sys.modules
    torch.manual_seed(int(os.environ["RANK"]))
    torch.distributed.init_process_group()
    model = DistributedDataParallel(torch.nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(3):
        loss = model(torch.randn(8, 4)).square().mean()
        loss.backward()
        optimizer.step()
    print("loss", loss.item(), torch.get_num_threads(), flush=True)
    print("ahead", here, flush=True)
    torch.distributed.destroy_process_group()
"""


def test_a_training_is_the_same_with_and_without_them(home: Home) -> None:
    script = home.script(TRAINS)
    losses, ahead = [], []
    for way in ("--spares", "--no-spares"):
        asked = home.start("run", script, "--nproc", "2", "--backend", "gloo", way)
        said = asked.wait(_PATIENCE)
        assert said.code == 0, said.err
        lines = said.out.splitlines()
        losses.append(sorted(line for line in lines if "loss" in line))
        ahead.append([line.split()[-1] for line in lines if "ahead" in line])

    assert losses[0] == losses[1]
    assert len(losses[0]) == 2
    assert ahead == [["True", "True"], ["False", "False"]]

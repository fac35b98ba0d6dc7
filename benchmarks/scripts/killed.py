"""Rank 1 is killed by its own hand so many times in a row; each rank says when, and when the next
step was done. What was said stays in a file that outlives the process, as its folder must."""

import os
import signal
import sys
import tempfile
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
NOTES = os.path.join(tempfile.gettempdir(), f"notes-{os.environ['RANK']}")


def note(what: str) -> None:
    with open(NOTES, "a", encoding="utf-8") as file:
        file.write(f"{what} at {time.time():.6f}\n")


def notes() -> str:
    with open(NOTES, encoding="utf-8") as file:
        return file.read()


dist.init_process_group("gloo")
model = DistributedDataParallel(torch.nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(torch.randn(8, 32)).sum().backward()
optimizer.step()
note("step")
dist.barrier()
if dist.get_rank() == 1 and notes().count("killed") < KILLS:
    note("killed")
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(128 + signal.SIGKILL)  # the first process of a container survives its own signals
# Rank 0 learns here that rank 1 is gone: it is stopped, or fails.
dist.barrier()
print(notes(), flush=True)
os._exit(0)

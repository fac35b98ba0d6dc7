"""DDP steps until the first generation ends, and one of the next. Rank 0 says when each one's first
was done."""

import os
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
model = DistributedDataParallel(torch.nn.Linear(32, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
first = os.environ["RANKZERO_GENERATION"] == "1"
said = False
while first or not said:
    model(torch.randn(8, 32)).sum().backward()
    optimizer.step()
    if dist.get_rank() == 0 and not said:
        print(f"step at {time.time():.6f}", flush=True)
    said = True
    time.sleep(0.1 * first)
dist.barrier()
os._exit(0)

"""The smallest PyTorch job: every rank adds its number, and all see the sum."""

import torch
import torch.distributed as dist

dist.init_process_group()
rank, world_size = dist.get_rank(), dist.get_world_size()
total = torch.tensor([rank])
dist.all_reduce(total)
print(f"hello from rank {rank} of {world_size}: the ranks' numbers add up to {total.item()}")
dist.destroy_process_group()

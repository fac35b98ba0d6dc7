"""The smallest JAX job: every process adds its number, and all see the sum."""

import os

import jax
import jax.numpy as jnp
from jax.experimental.multihost_utils import process_allgather

if "JAX_COORDINATOR_ADDRESS" in os.environ:
    jax.distributed.initialize()
rank, world_size = jax.process_index(), jax.process_count()
numbers = process_allgather(jnp.array([rank]))
print(f"hello from process {rank} of {world_size}: the numbers add up to {int(numbers.sum())}")

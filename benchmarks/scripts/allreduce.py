"""One allreduce, and the moment at which rank 0 had it."""

import time

from mpi4py import MPI

world = MPI.COMM_WORLD
assert world.allreduce(1) == world.size
if world.rank == 0:
    print(f"allreduce at {time.time():.6f}", flush=True)

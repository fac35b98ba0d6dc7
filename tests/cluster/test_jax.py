"""JAX on a cluster, by a bare `jax.distributed.initialize()`: one mesh over two pods."""

from __future__ import annotations

import pytest

from .team import Team

#: Every node pulls the image first.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 300

#: Each process holds a part of an array, and all add up the whole.
PSUM = """
import jax, jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
jax.distributed.initialize()
mesh = Mesh(jax.devices(), ("all",))
mine = jnp.array([10.0 ** jax.process_index()])
whole = jax.make_array_from_process_local_data(NamedSharding(mesh, P("all")), mine)
add = jax.jit(jax.shard_map(
    lambda x: jax.lax.psum(x, "all"), mesh=mesh, in_specs=P("all"), out_specs=P()
))
print("sum", len(jax.devices()), float(add(whole)[0]), jax.process_index())
"""


@pytest.mark.parametrize(("nodes", "total"), [(1, 1.0), (2, 11.0)])
def test_processes_in_pods_add_up_one_array(team: Team, jax: str, nodes: int, total: float) -> None:
    argv = ("run", team.script(PSUM), "--nodes", str(nodes))
    said = team.start(*argv, env={"RANKZERO_IMAGE": jax}).wait(PATIENCE)
    assert said.code == 0, said
    lines = sorted(line for line in said.out.splitlines() if "sum" in line)
    assert lines == [f"[{rank}] sum {nodes} {total} {rank}" for rank in range(nodes)]

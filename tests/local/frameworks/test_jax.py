"""JAX, by a bare `jax.distributed.initialize()`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import World

pytestmark = pytest.mark.jax
Example = Callable[[str], Path]


def test_a_gather_between_processes(world: World, example: Example) -> None:
    world.start(example("hello-jax"), "jax", "worker", "worker")

    texts = world.all_succeed()

    assert [text.splitlines()[-1] for text in texts] == [
        f"hello from process {rank} of 2: the numbers add up to 1" for rank in (0, 1)
    ]


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
    print(len(jax.devices()), float(add(whole)[0]))
    """


@pytest.mark.parametrize(("processes", "expected"), [(1, "1 1.0"), (3, "3 111.0")])
def test_a_psum(world: World, processes: int, expected: str) -> None:
    world.start(PSUM, "jax", *["worker"] * processes)

    assert [text.splitlines()[-1] for text in world.all_succeed()] == [expected] * processes

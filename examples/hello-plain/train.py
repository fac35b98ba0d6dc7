"""The smallest job of all: no framework, each rank does its share and leaves its result."""

import rankzero

here = rankzero.context()
print(f"hello from rank {here.rank} of {here.world_size} on node {here.node}, a {here.role}")
total = 0
for number in range(here.rank, 1000, here.world_size):
    total += number
    rankzero.report(step=number, total=total)
(rankzero.outputs() / f"sum-{here.rank}.txt").write_text(f"{total}\n")
print(f"my share adds up to {total}")

"""All that there is of a local run, or of one of its nodes: folders, processes, ports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rankzero.agent.history import History
from rankzero.agent.roster import Roster
from rankzero.backends.description import Description, Place, RankPlace, Thing, ranks_of
from rankzero.backends.local.entering import roster
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.spot import Spot

_HERE = "127.0.0.1"


def describe(folder: RunFolder, name: str | None) -> Description:
    """name: of a node; None is all of the run. Errors: BadRequest for one that the run has not."""
    nodes, history = folder.node_folders(), folder.history()
    node = None if name is None else Spot(node=name).known(folder.run, list(nodes))
    plan = folder.plan()
    wanted = [one for one in nodes if node in (None, one)]
    rosters = {} if history.final else {one: roster(folder, one) for one in nodes}
    ranks = tuple(_ranks(rosters))
    return Description(
        kind="run" if node is None else "node",
        name=folder.run if node is None else f"{folder.run} {node}",
        where=str(plan["where"]),
        state=history.state,
        facts=_facts(folder, plan["framework"], rosters),
        objects=tuple(_things(folder, [nodes[one] for one in wanted], plan["nodes"][0]["outputs"])),
        nodes=tuple(_place(history, one) for one in wanted),
        ranks=tuple(rank for rank in ranks if node in (None, rank.node)),
    )


def _facts(folder: RunFolder, framework: str, rosters: dict[str, Roster | None]) -> dict[str, str]:
    facts = {"framework": framework, "folder": str(folder.path)}
    found = next((one for one in rosters.values() if one is not None), None)
    if found is not None:
        facts["coordinator"] = folder.address_file.read_text(encoding="ascii")
        facts["generation"] = str(found.topology.generation)
        facts["master"] = f"{found.topology.nodes[0].address}:{found.topology.master_port}"
    return facts


def _ranks(rosters: dict[str, Roster | None]) -> Iterator[RankPlace]:
    """Each node knows its own ranks' processes."""
    for node, found in rosters.items():
        for rank in ranks_of(found, dict.fromkeys(rosters, _HERE)):
            if found is not None and rank.node == node:
                yield rank._replace(pid=found.pids.get(rank.rank), code=found.codes.get(rank.rank))


def _place(history: History, name: str) -> Place:
    node = history.nodes.get(name)
    if node is None:
        return Place(name, "", "waited for", "", "")
    pid = "" if node.pid is None else str(node.pid)
    return Place(name, pid, node.state, os.uname().nodename, node.address)


def _things(folder: RunFolder, nodes: list[Path], outputs: str) -> Iterator[Thing]:
    for path in (folder.events_file, folder.plan_file, *nodes, Path(outputs)):
        if path.exists():
            kind = "folder" if path.is_dir() else "file"
            yield Thing(kind, str(path), path.stat().st_mtime, _size(path))


def _size(path: Path) -> int:
    """What its files hold together; what goes meanwhile counts for nothing."""
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total

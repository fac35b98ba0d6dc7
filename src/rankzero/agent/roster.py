"""Who runs on this node at present: a file of each generation, for those who look in.

It holds no secret: from a topology, and what the node inherits and is told, whoever may look into
the node computes the environment of its ranks (`enter`).
"""

import contextlib
import json
import os
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from rankzero.contracts.topology import Rank, Topology

_FILE = re.compile(r"roster-(\d+)\.json")


class Roster(NamedTuple):
    """The generation that this node takes part in. pids: of its ranks' processes; codes: how those
    of them ended that have (-N: by signal N)."""

    topology: Topology
    node_rank: int
    pids: Mapping[int, int] = {}
    codes: Mapping[int, int] = {}

    @property
    def ranks(self) -> List[Rank]:
        """Those of this node, in order."""
        return self.topology.ranks_of(self.node_rank)

    def to_json(self) -> Dict[str, Any]:
        """Plain data; `from_json` undoes it."""
        return {
            "topology": self.topology.to_json(),
            "node_rank": self.node_rank,
            "pids": {str(rank): pid for rank, pid in self.pids.items()},
            "codes": {str(rank): code for rank, code in self.codes.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Roster":
        return cls(
            Topology.from_json(data["topology"]),
            data["node_rank"],
            {int(rank): pid for rank, pid in data["pids"].items()},
            {int(rank): code for rank, code in data["codes"].items()},
        )


def read(folder: str) -> Optional[Roster]:
    """The roster in a node's folder; None between two generations, and before the first."""
    try:
        with open(_path(folder, max(_there(folder))), encoding="utf-8") as file:
            return Roster.from_json(json.load(file))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class RosterFile:
    """Written by the node's agent. A disk that refuses it costs those who look in, not the run.

    An agent that another one has taken over from may still be there, and in the same folder. They
    are of different generations, so neither writes over what the other has written.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._roster: Optional[Roster] = None
        self._remove(_there(folder))

    def begin(self, topology: Topology, node_rank: int, pids: Mapping[int, int]) -> None:
        """The ranks of a generation have been started."""
        self._roster = Roster(topology, node_rank, pids)
        self._write()

    def moved(self, rank: int, pid: int) -> None:
        """A rank has another process than at first."""
        if self._roster is not None:
            self._roster = self._roster._replace(pids={**self._roster.pids, rank: pid})
            self._write()

    def exited(self, rank: int, code: int) -> None:
        if self._roster is not None:
            self._roster = self._roster._replace(codes={**self._roster.codes, rank: code})
            self._write()

    def clear(self) -> None:
        """Nothing runs here any more; nor does what an agent before this one has left."""
        if self._roster is not None:
            mine = self._roster.topology.generation
            self._roster = None
            self._remove([one for one in _there(self._folder) if one <= mine])

    def _write(self) -> None:
        assert self._roster is not None
        path = _path(self._folder, self._roster.topology.generation)
        part = "%s.part" % path
        with contextlib.suppress(OSError):
            with open(part, "w", encoding="utf-8") as file:
                json.dump(self._roster.to_json(), file)
            os.replace(part, path)

    def _remove(self, generations: List[int]) -> None:
        for one in generations:
            with contextlib.suppress(OSError):
                os.unlink(_path(self._folder, one))


def _there(folder: str) -> List[int]:
    """The generations of which the folder has one."""
    with contextlib.suppress(OSError):
        return [int(one[1]) for one in map(_FILE.fullmatch, os.listdir(folder)) if one]
    return []


def _path(folder: str, generation: int) -> str:
    return os.path.join(folder, "roster-%d.json" % generation)

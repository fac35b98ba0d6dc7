"""Who runs on this node at present: a file in the node's folder, for those who look in.

It holds no secret: from a topology, and what the node inherits and is told, whoever may look into
the node computes the environment of its ranks (`enter`).
"""

import contextlib
import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from rankzero.contracts.topology import Rank, Topology

FILE = "roster.json"


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
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            return Roster.from_json(json.load(file))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class RosterFile:
    """Written by the node's agent. A disk that refuses it costs those who look in, not the run.

    An agent that another one has taken over from may still be there, and in the same folder: what
    the newer one has begun is not touched by it.
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, FILE)
        self._roster: Optional[Roster] = None
        self._me = "%d %d" % (os.getpid(), id(self))
        self._begins = False
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def begin(self, topology: Topology, node_rank: int, pids: Mapping[int, int]) -> None:
        """The ranks of a generation have been started."""
        self._roster = Roster(topology, node_rank, pids)
        self._begins = True
        self._write()
        self._begins = False

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
        """Nothing runs here any more."""
        self._roster = None
        if self._is_ours():
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _write(self) -> None:
        assert self._roster is not None
        if not self._is_ours():
            return
        part = "%s.%d" % (self._path, os.getpid())
        with contextlib.suppress(OSError):
            with open(part, "w", encoding="utf-8") as file:
                json.dump(dict(self._roster.to_json(), by=self._me), file)
            os.replace(part, self._path)

    def _is_ours(self) -> bool:
        """Whether this agent has written the file, or there is none, or a generation begins, which
        is newer than all that were."""
        if self._begins:
            return True
        try:
            with open(self._path, encoding="utf-8") as file:
                return bool(json.load(file).get("by") == self._me)
        except (OSError, ValueError):
            return True

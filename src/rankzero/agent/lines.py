"""`python agent.zip lines FOLDER`: what is kept of a run's lines on a volume, by time.

FOLDER holds a folder a node (`worker-0`), and in it one for each agent that the node has had.
The query is a line on stdin, since it may be long, with a JSON object: nodes and ranks (null for
all), since and tail as for any log, and read: what was read before, as offsets by log and rank.
On stdout, one JSON object a line:

    {"type": "begin", "nodes": {BOOK: NODE}, "read": {BOOK: {RANK: OFFSET}}, "ends": ...}
    {"type": "log", "node": "worker/0", "book": BOOK, "chunk": {...}}
    {"type": "end"}

(a node's logs oldest first; where each is read from, and where it ends at present), or {"type":
"absent", "runs": [...]} where there is no such folder, with the runs that there are.
"""

import json
import os
import signal
import sys
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import exits
from rankzero.agent.answers import begin, pack
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader

#: How many other runs are named.
_NAMED = 20


class Kept(NamedTuple):
    """One agent's log."""

    node: str
    book: str
    reader: LogReader


def main(folder: str) -> int:
    """Print them; the exit code is from `exits`."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    query = sys.stdin.readline()
    if not query.endswith("\n"):  # whoever asked has gone
        return exits.REFUSED
    try:
        for message in answers(folder, json.loads(query)):
            sys.stdout.write(json.dumps(message) + "\n")
            if message["type"] == "begin":  # it is waited for, and the first line may take long
                sys.stdout.flush()
    except OSError as error:
        sys.stderr.write("cannot read %s: %s\n" % (error.filename or folder, error.strerror))
        return exits.REFUSED
    sys.stdout.flush()
    return exits.DONE


def answers(folder: str, query: Mapping[str, Any]) -> Iterator[Dict[str, Any]]:
    """The messages, see the module. Errors: OSError."""
    if not os.path.isdir(folder):
        yield {"type": "absent", "runs": _runs(os.path.dirname(os.path.dirname(folder)))}
        return
    read: Dict[str, Dict[str, int]] = {}
    ends: Dict[str, Dict[str, int]] = {}
    nodes: Dict[str, str] = {}
    cursors: Dict[Cursor, str] = {}
    for node, book, reader in _kept(folder, query.get("nodes")):
        nodes[book] = node
        known = query.get("read", {}).get(book)
        offsets = read.setdefault(book, {})
        extents = ends.setdefault(book, {})
        for rank in reader.ranks():
            if query.get("ranks") is None or rank in query["ranks"]:
                if known is None:
                    start = begin(reader, query, rank, final=True)
                else:
                    start = known.get(str(rank), 0)
                cursors[Cursor(reader, rank, start, node)] = book
                offsets[str(rank)] = start
                extents[str(rank)] = reader.extent(rank)[1]
    yield {"type": "begin", "nodes": nodes, "read": read, "ends": ends}
    for cursor, chunk in merge(cursors, final=True):
        message = {"type": "log", "node": cursor.node, "book": cursors[cursor]}
        yield dict(message, chunk=pack(chunk))
    yield {"type": "end"}


def _runs(folder: str) -> List[str]:
    """The newest runs that have lines on the volume."""
    try:
        there = [entry for entry in os.scandir(folder) if os.path.isdir(entry.path + "/logs")]
    except OSError:
        return []
    newest = sorted(there, key=lambda entry: entry.stat().st_mtime, reverse=True)
    return [entry.name for entry in newest[:_NAMED]]


def _kept(folder: str, nodes: Optional[Any]) -> Iterator[Kept]:
    """The logs of these nodes, a node's oldest first: the names of agents sort by their birth."""
    for name, node in _nodes(folder):
        if nodes is None or node in nodes:
            for agent in sorted(os.listdir(os.path.join(folder, name))):
                reader = LogReader(os.path.join(folder, name, agent))
                yield Kept(node, reader.book() or agent, reader)


def _nodes(folder: str) -> Iterator[Tuple[str, str]]:
    """Folders with the nodes that they are: `worker-0` is `worker/0`."""
    for name in sorted(os.listdir(folder)):
        role, _, index = name.rpartition("-")
        if role and index.isdigit():
            yield name, "%s/%s" % (role, index)

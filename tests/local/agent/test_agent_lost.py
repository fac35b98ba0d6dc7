"""A node that is lost while somebody waits for its lines."""

from __future__ import annotations

import os
import signal

from rankzero.agent import events as ev
from rankzero.agent.config import Limits
from rankzero.contracts.topology import Settings
from support.waiting import PATIENCE

TRAINS = "import time\nprint('up', flush=True)\ntime.sleep(300)\n"
#: With one left, the coordinator waits for it.
SETTINGS = Settings("by-hand-0000", "plain", max_restarts=1)
LIMITS = Limits(join_wait=PATIENCE, coordinator_wait=PATIENCE, heartbeat=0.5, linger=0.0)


def test_whoever_asks_a_node_that_falls_silent_is_told_that_it_is_gone(cluster) -> None:
    cluster.start_all(TRAINS, limits=LIMITS, settings=SETTINGS)
    cluster.until_event(ev.RUNNING)
    silent = cluster.agents["worker/1"].pid
    with cluster.viewer() as viewer:
        os.kill(silent, signal.SIGSTOP)
        try:
            number = viewer.ask("log", node="worker/1", offsets={})
            answer = viewer.next(PATIENCE)
        finally:
            os.kill(silent, signal.SIGCONT)
        assert (answer["id"], answer["node"], answer["gone"]) == (number, "worker/1", True)

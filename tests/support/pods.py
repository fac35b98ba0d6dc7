"""What tests do inside a pod, by `kubectl exec`."""

from __future__ import annotations

from rankzero.plan.kubernetes import layout

#: `python3 -c KILL_RANK RANK SIGNAL` sends the process of a rank a signal. It is found in the
#: node's roster: one that was a spare was started with another environment than it has.
KILL_RANK = f"""
import glob, json, os, sys
rank, number = sys.argv[1:]
with open(*glob.glob("{layout.NODE}/roster-*.json")) as file:
    os.kill(json.load(file)["pids"][rank], int(number))
"""

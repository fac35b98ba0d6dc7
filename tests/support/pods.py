"""What tests do inside a pod, by `kubectl exec`."""

from __future__ import annotations

#: `python3 -c KILL_RANK RANK SIGNAL` finds the process of a rank, and sends it a signal. A rank's
#: own children carry its environment as well: the first one is the rank.
KILL_RANK = """
import os, sys
rank, number = sys.argv[1:]
found = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if b"RANKZERO_RANK=%s" % rank.encode() in file.read().split(b"\\0"):
                found.append(int(pid))
    except OSError:
        pass
os.kill(min(found), int(number))
"""

"""Ranks that take their time, as a training does, and say when they end."""

import os
import time

# Whoever attaches is there by then: what is measured is the end, not the beginning.
time.sleep(4)
print(f"exit at {time.time():.6f}", flush=True)
os._exit(0)

"""Measure rankzero on a Kubernetes, against what one would write by hand there."""

import sys
from pathlib import Path

# What tests of a cluster have is ours, too: the lab, and the Role of a user.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

"""Why a run failed, waits or stopped: one cause a file, each a pure predicate over the facts."""

from rankzero.why.account import account, message
from rankzero.why.model import Facts, Failure, Finding
from rankzero.why.registry import CAUSES, explain
from rankzero.why.words import phrase

__all__ = ["CAUSES", "Facts", "Failure", "Finding", "account", "explain", "message", "phrase"]

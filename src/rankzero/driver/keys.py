"""The content key of a part: equal keys give equal outputs. Pure."""

import hashlib
import json

from rankzero.driver.engine import Start
from rankzero.driver.facts import Output
from rankzero.driver.graph import Step


def key(step: Step, start: Start) -> str:
    """SHA-256 over what is fixed beforehand, the contents that come in, and the item; empty for a
    step that is never taken from the cache."""
    if not step.key:
        return ""
    inputs = {
        name: given.digest if isinstance(given, Output) else [one.digest for one in given]
        for name, given in start.inputs.items()
    }
    told = json.dumps([step.key, inputs, start.item, sorted(step.gives.items())], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()

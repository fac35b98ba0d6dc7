"""A part of a pipeline in a pod: what it takes is laid out before, what it hands on is taken after.

Of a config, `step` says `inputs` (by name, as `artifacts.plain` gives them; a list for many),
`folder` (where they are laid out) and `gives` (the outputs by name, `path` or `value`).
"""

import json
import os
import sys
from typing import Any, Dict, Mapping, Optional, Union

from rankzero.agent import events as ev
from rankzero.agent import exits, testament
from rankzero.agent.artifacts import PATH, BadOutput, Output, lay, measured, value
from rankzero.agent.config import AgentConfig
from rankzero.agent.worded import in_words

#: In the outcome, what was handed on.
HANDED = "handed"
_AGAIN = "do the step that made it again: --rerun STEP, or all: --no-cache"
#: What an outcome may take beside what it hands on (bytes).
_BESIDE = 512


def take_in(step: Mapping[str, Any]) -> Optional[str]:
    """Lay out what comes in; why that cannot be, or None."""
    try:
        os.makedirs(step["folder"], exist_ok=True)
        for name, given in step["inputs"].items():
            many = isinstance(given, list)
            outputs = [Output(**one) for one in (given if many else [given])]
            gone = [one.where for one in outputs if one.where and not os.path.exists(one.where)]
            if gone:
                return "its input `%s` is gone: there is no %s (%s)" % (name, gone[0], _AGAIN)
            lay(os.path.join(step["folder"], name), outputs if many else outputs[0])
    except OSError as error:
        return "its inputs cannot be laid out: %s" % in_words(error)
    return None


def hand_on(config: AgentConfig, draft: Optional[str], code: int) -> int:
    """At the end of a node: leave its outcome, which lies in a draft until now; of the first node
    of one that succeeded with what it hands on, or the run has failed after all. Returns the exit
    code."""
    path = config.termination_file
    assert config.step is not None and path is not None
    outcome = _left(draft)
    if not outcome:
        return code
    if config.listen is None or code != exits.DONE or outcome.get("state") != ev.SUCCEEDED:
        testament.write(path, outcome)
        return code
    said = _taken(config.step["gives"], config.outputs)
    if isinstance(said, str):
        sys.stderr.write("rankzero: %s\n" % said)
        cause = {"kind": "outputs", "message": said}
        testament.write(path, {"state": ev.FAILED, "exit_code": exits.REFUSED, "cause": cause})
        return exits.RUN_FAILED
    testament.write(path, dict(outcome, **{HANDED: said}))
    return code


def _taken(gives: Mapping[str, str], folder: str) -> Union[str, Dict[str, Any]]:
    """The outputs as plain data, or what is wrong with them."""
    taken: Dict[str, Any] = {}
    for name, kind in gives.items():
        path = os.path.join(folder, name)
        try:
            if not os.path.lexists(path):
                raise BadOutput("was not written: %s" % path)
            one = _artifact(path) if kind == PATH else value(path)
        except BadOutput as error:
            return "its output `%s` %s" % (name, error)
        except OSError as error:
            return "its output `%s` cannot be read: %s" % (name, error.strerror)
        taken[name] = {key: data for key, data in one._asdict().items() if data}
    size = len(json.dumps(taken, separators=(",", ":")).encode())
    if size > testament.LIMIT - _BESIDE:
        return (
            "its outputs' values take %d bytes, and a pod can tell %d; hand on a file instead"
            % (size, testament.LIMIT - _BESIDE)
        )
    return taken


def _artifact(path: str) -> Output:
    digest, size = measured(path)
    return Output(digest, path, size=size)


def _left(path: Optional[str]) -> Mapping[str, Any]:
    """Nothing of an agent that has died."""
    try:
        with open(path or "", encoding="utf-8") as file:
            outcome: Mapping[str, Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    return outcome

"""For those who come in from outside, beside the ranks of a node:

    exec CONFIG RANK MARK [CMD...]  become a command, or a shell, in a rank's environment and
                                    folder; RANK is a number, or - for the node's first one
    signal MARK NUMBER              send a signal to all that such a command has started
    roster CONFIG                   who runs here at present, as JSON; null where nobody does

Who comes in through a cluster's API cannot send signals, and what they started stays when they are
gone; so it carries a MARK, a word of theirs, in its environment. Empty where nobody needs it.
"""

import json
import os
import shutil
import signal
import sys
from typing import Dict, List, Optional

from rankzero.agent import exits, pod
from rankzero.agent.config import AgentConfig, load
from rankzero.agent.environment import base_environment, environment
from rankzero.agent.roster import Roster, read
from rankzero.agent.starter import CANNOT_EXECUTE, NOT_FOUND
from rankzero.contracts.topology import Rank

MARK = "RANKZERO_EXEC"
SHELLS = ("bash", "sh")


class Barred(Exception):
    """Whom or what they came for is not here; the text says why."""


def execute(config: AgentConfig, number: Optional[int], mark: str, command: List[str]) -> int:
    """Become the command; returns an exit code only where that cannot be."""
    os.environ.pop(pod.INDEX, None)
    try:
        env = _environment(config, read(config.folder), number)
        argv = command or [_shell(env)]
    except Barred as why:
        return _say(str(why), exits.REFUSED)
    if mark:
        env[MARK] = mark
    try:
        os.chdir(config.workdir)
    except OSError as error:
        return _say("cannot enter %s: %s" % (config.workdir, error.strerror), exits.REFUSED)
    # Python ignores these two, and what is ignored stays so across exec.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606 - no shell is the point
    except FileNotFoundError:
        return _say("cannot run %r: there is no such command on this node" % argv[0], NOT_FOUND)
    except OSError as error:
        return _say("cannot run %r: %s" % (argv[0], error.strerror), CANNOT_EXECUTE)


def _environment(
    config: AgentConfig, roster: Optional[Roster], number: Optional[int]
) -> Dict[str, str]:
    """Of the rank with this number, or of the node's first one; before there are ranks, what they
    will inherit. Errors: Barred."""
    if roster is None:
        if number is not None:
            raise Barred("no rank runs on this node at present")
        env = base_environment(config, {})
    else:
        rank = _rank(roster, number)
        env = environment(config, roster.topology, rank)
    del env["RANKZERO_WORKDIR"]  # for the starter, which takes it out
    return env


def _rank(roster: Roster, number: Optional[int]) -> Rank:
    here = {rank.rank: rank for rank in roster.ranks}
    if number is None:
        return roster.ranks[0]
    if number not in here:
        raise Barred("rank %d is not on this node: here is %s" % (number, _listed(here)))
    if number in roster.codes:
        raise Barred("rank %d has ended (code %d)" % (number, roster.codes[number]))
    return here[number]


def _listed(ranks: Dict[int, Rank]) -> str:
    return ", ".join(map(str, ranks))


def _shell(env: Dict[str, str]) -> str:
    for name in SHELLS:
        if shutil.which(name, path=env.get("PATH", os.defpath)):
            return name
    raise Barred("there is no shell on this node (%s): name a command" % ", ".join(SHELLS))


def _say(message: str, code: int) -> int:
    sys.stderr.write("rankzero: %s\n" % message)
    return code


def send(mark: str, number: int) -> int:
    """A signal to every process that carries the mark."""
    word = ("%s=%s" % (MARK, mark)).encode()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % name, "rb") as file:
                if word in file.read().split(b"\0"):
                    os.kill(int(name), number)
        except OSError:
            continue  # it has just ended, or is somebody else's
    return exits.DONE


def main(words: List[str]) -> int:
    """See the module."""
    verb, *rest = words
    if verb == "signal":
        return send(rest[0], int(rest[1]))
    config = load(rest[0])
    if verb == "roster":
        roster = read(config.folder)
        json.dump(None if roster is None else roster.to_json(), sys.stdout)
        return exits.DONE
    number = None if rest[1] == "-" else int(rest[1])
    return execute(config, number, rest[2], rest[3:])

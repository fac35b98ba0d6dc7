"""Whether the process group's backend that the user named is in this node's torch.

Asked of the real torch, in a process of its own, and only for a backend that builds leave out:
importing torch costs a second.
"""

import json
import os
from typing import Callable, Optional

from rankzero.agent.config import AgentConfig
from rankzero.agent.environment import base_environment
from rankzero.agent.loop import Loop
from rankzero.agent.pipe import Pipe

_ASKED = ("mpi", "nccl")
_PROGRAM = """
import json
try:
    import torch.distributed as d
    have = [b for b in ("gloo", "nccl", "mpi") if getattr(d, "is_%s_available" % b)()]
    print(json.dumps({"have": have, "version": __import__("torch").__version__}))
except ImportError as error:
    print(json.dumps({"error": str(error)}))
"""


def needed(config: AgentConfig) -> bool:
    """Whether this job names a backend that has to be asked for. Which interpreter a command
    will use in the end nobody knows beforehand."""
    torch = config.settings.framework == "torch" and config.command.kind != "command"
    return torch and config.settings.backend in _ASKED


def verdict(config: AgentConfig, output: bytes) -> Optional[str]:
    """Why the backend can't be used, or None where it can or nobody knows."""
    try:
        answer = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    if "error" in answer:
        return "%s cannot import torch: %s" % (config.python, answer["error"])
    backend = config.settings.backend
    if backend in answer["have"]:
        return None
    return "this torch (%s) has no backend %s; it has %s" % (
        answer["version"],
        backend,
        ", ".join(answer["have"]) or "none",
    )


def ask(loop: Loop, config: AgentConfig, done: Callable[[Optional[str]], None]) -> int:
    """Start the question; `done` gets the verdict. Returns the pid, for the caller to reap.

    Errors: OSError where the interpreter can't be started.
    """
    heard = bytearray()
    pipe = Pipe(loop)

    def ended() -> None:
        done(verdict(config, bytes(heard)))

    pipe.on_end = ended
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, pipe.write_fd, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    env = base_environment(config, {})
    spawn = os.posix_spawn if os.path.sep in config.python else os.posix_spawnp
    pid = spawn(config.python, [config.python, "-c", _PROGRAM], env, file_actions=actions)
    pipe.started()
    pipe.listen(heard.extend)
    return pid

"""A process of MPI's own beside the ranks: `mpirun`, or its daemon; started, listened to, ended."""

import os
from typing import Callable, Dict, List, Optional

from rankzero.agent import process
from rankzero.agent.loop import Loop
from rankzero.agent.pipe import Pipe

#: How much of the end of what it said is kept (bytes).
_TAIL = 4096


class Child:
    """on_output: each block that it prints, on either stream."""

    def __init__(self, loop: Loop, on_output: Optional[Callable[[bytes], None]] = None) -> None:
        self.pid = -1
        self._tail = b""
        self._on_output = on_output
        self._pipe = Pipe(loop)

    def start(self, words: List[str], env: Dict[str, str]) -> None:
        """In a group of its own. Errors: OSError where it can't be started."""
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self._pipe.write_fd, 1),
            (os.POSIX_SPAWN_DUP2, self._pipe.write_fd, 2),
        ]
        try:
            self.pid = os.posix_spawnp(
                words[0], words, env, file_actions=actions, setpgroup=0, setsigdef=process.DEFAULTS
            )
        except OSError:
            self._pipe.close()
            raise
        self._pipe.started()
        self._pipe.listen(self._said)

    def signal(self, number: int) -> None:
        process.signal_group(self.pid, number)

    def ended(self) -> str:
        """After it was reaped: the end of what it has said."""
        self._pipe.drain()
        self._pipe.close()
        return self._tail.decode("utf-8", "replace")

    def _said(self, block: bytes) -> None:
        self._tail = (self._tail + block)[-_TAIL:]
        if self._on_output is not None:
            self._on_output(block)

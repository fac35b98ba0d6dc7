"""Keeps a node's lines on a volume, at the volume's own pace.

A thread copies what the agent has written to the node's disk. However slow the volume is, no rank
waits for it; when it is full, or away, the thread tries again and goes on where it was, as long as
the node's disk still has the lines.
"""

import errno
import os
import threading
from collections import deque
from typing import Callable, Deque, Optional

from rankzero.agent.config import AgentConfig
from rankzero.agent.logs.copy import Copy
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.loop import Loop
from rankzero.agent.owned import Taken, own, reason

#: Between two copies, and after one that failed (seconds).
_GATHER, _AGAIN = 0.25, 5.0
#: How many notices are kept for one who hears them.
_UNHEARD = 20
#: How long the end waits for what is not copied yet (seconds): within what a pod gets to leave.
FINISH = 20.0
#: With these a folder cannot be made, now or later.
_NEVER = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


class Keeper:
    """on_notice: something a user should know; whether anybody heard it. on_refused: nothing can be
    kept there at all. Both are called in the loop."""

    def __init__(
        self,
        loop: Loop,
        config: AgentConfig,
        token: bytes,
        incarnation: str,
        *,
        on_notice: Callable[[str], bool],
        on_refused: Callable[[str], None],
    ) -> None:
        """incarnation: names the agent's own folder below its node's: what earlier agents have
        left there stays."""
        assert config.log_folder is not None
        self._loop, self._token, self._all = loop, token, config.log_folder
        self._source = os.path.join(config.folder, "logs")
        self._folder = os.path.join(self._all, config.node.replace("/", "-"), incarnation)
        self._on_notice, self._on_refused = on_notice, on_refused
        self._new, self._leaving = threading.Event(), threading.Event()
        self._trouble = ""
        self._lasting = ""
        self._unheard: Deque[str] = deque(maxlen=_UNHEARD)
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Where the system has no thread left, on_refused is told."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self._refuse(str(error))

    def wrote(self) -> None:
        """Something was added to the log."""
        if not self._new.is_set():
            self._new.set()

    def finish(self) -> Optional[str]:
        """The log is complete: copy what is left, within a limit. Why it is not all there, or
        None."""
        self._leaving.set()
        self._new.set()
        if self._thread.is_alive():
            self._thread.join(FINISH)
        if self._thread.is_alive():
            return self._trouble or "it is too slow"
        return self._trouble or None

    # -- in the thread

    def _work(self) -> None:
        copy = self._begun()
        while copy is not None:
            self._new.wait()
            self._new.clear()
            leaving = self._leaving.is_set()
            done = self._copied(copy)
            if leaving:
                self._close(copy)
                return
            self._leaving.wait(_GATHER if done else _AGAIN)
            if not done:
                self._new.set()

    def _begun(self) -> Optional[Copy]:
        """The copy's beginning, once the volume lets it begin."""
        while True:
            try:
                own(os.path.dirname(self._all), self._token)
                return Copy(LogReader(self._source), self._folder)
            except OSError as error:
                if isinstance(error, Taken) or error.errno in _NEVER:
                    self._refuse(reason(error))
                    return None
                self._troubled(reason(error))
            if self._leaving.wait(_AGAIN):
                return None

    def _copied(self, copy: Copy) -> bool:
        try:
            copy.catch_up()
        except OSError as error:
            self._troubled(reason(error))
            return False
        if self._trouble:
            self._trouble = ""
            self._notice("the log volume takes lines again", lasting="")
        if copy.dropped > self._dropped:
            count, self._dropped = copy.dropped - self._dropped, copy.dropped
            self._notice("the log volume lacks %d bytes: log_keep had taken them" % count)
        return True

    def _close(self, copy: Copy) -> None:
        try:
            copy.close()
        except OSError as error:
            self._troubled(reason(error))

    def _troubled(self, why: str) -> None:
        """Said once: it is tried again and again."""
        if why != self._trouble:
            self._trouble = why
            text = "the log volume takes no lines (%s); the node keeps them within log_keep" % why
            self._notice(text, lasting=text)

    def _refuse(self, why: str) -> None:
        text = "cannot keep logs on the volume (%s): %s" % (self._all, why)
        self._loop.soon(lambda: self._on_refused(text))

    def _notice(self, text: str, lasting: Optional[str] = None) -> None:
        """lasting: the trouble from now on, where that changes."""
        self._loop.soon(lambda: self._say(text, lasting))

    # -- in the loop

    def heard(self) -> None:
        """There is a coordinator, which may be another one than before: it is told what nobody has
        heard, and the trouble that lasts."""
        texts = list(self._unheard)
        self._unheard.clear()
        if self._lasting and self._lasting not in texts:
            texts.append(self._lasting)
        for text in texts:
            self._say(text)

    def _say(self, text: str, lasting: Optional[str] = None) -> None:
        if lasting is not None:
            self._lasting = lasting
        if not self._on_notice(text):
            self._unheard.append(text)

"""`python agent.zip helper`: the first process of a pod that only lends its volume to others.

Those who look start the agent's verbs beside it. It ends when it is told to, and when nobody has
been there for a while: whoever started it may have been killed.
"""

import os
import signal

from rankzero.agent import exits

#: How long it stays alone, and between two looks around (seconds).
ALONE, _LOOK = 60.0, 5.0


def main() -> int:
    """Stay as long as others are here."""
    told = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)
    alone = 0.0
    while alone < ALONE:
        if signal.sigtimedwait(told, _LOOK) is not None:
            break
        alone = 0.0 if _others() else alone + _LOOK
    return exits.DONE


def _others() -> bool:
    """Whether another process runs in this container."""
    return any(name.isdigit() and int(name) != os.getpid() for name in os.listdir("/proc"))

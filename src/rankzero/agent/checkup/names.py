"""What names lead to, as a pod's resolver knows it."""

import socket
import threading
from typing import Any, Dict, List

from rankzero.agent.worded import in_words

_RESOLVER = "/etc/resolv.conf"


def look_up(name: str, patience: float) -> Dict[str, Any]:
    """`name`, the `addresses` that it leads to, and the `fault` where it leads nowhere. A name
    server that does not answer takes longer than anybody wants to wait (patience, in seconds)."""
    found: Dict[str, Any] = {"name": name, "addresses": [], "fault": ""}
    answered: List[Any] = []

    def ask() -> None:
        try:
            answered.append(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answered.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    if not answered:
        found["fault"] = "no answer within %g s" % patience
    elif isinstance(answered[0], Exception):
        found["fault"] = in_words(answered[0])
    else:
        found["addresses"] = sorted({one[4][0] for one in answered[0]})
    return found


def servers(path: str = _RESOLVER) -> List[str]:
    """Who is asked for names."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return []
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]

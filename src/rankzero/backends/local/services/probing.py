"""Whether a service of this machine takes requests, asked as a cluster would ask it."""

from __future__ import annotations

import http.client
import socket

from rankzero.agent.worded import in_words
from rankzero.backends.local.services.ports import HERE

#: How long an answer may take (seconds).
_PATIENCE = 3.0


def fault(port: int, path: str | None) -> str:
    """Why it takes none, in a few words; empty where it does. path: what answers then, with a code
    from 200 to 399; None: it is enough that somebody listens."""
    if path is None:
        try:
            socket.create_connection((HERE, port), _PATIENCE).close()
        except OSError:
            return f"nothing listens on port {port} yet"
        return ""
    asking = http.client.HTTPConnection(HERE, port, timeout=_PATIENCE)
    try:
        asking.request("GET", path)
        status = asking.getresponse().status
    except ConnectionRefusedError:
        return f"nothing listens on port {port} yet"
    except (OSError, http.client.HTTPException) as error:
        return f"{path} does not answer: {in_words(error)}"
    finally:
        asking.close()
    return "" if 200 <= status < 400 else f"{path} answers {status}"

"""The API server as a pod reaches it, and what time it is there."""

import http.client
import os
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any, Dict, Optional

from rankzero.agent.worded import in_words

#: How long it may take to answer (seconds).
_PATIENCE = 5.0


def ask() -> Dict[str, Any]:
    """`address`; `fault`, where it is not reached; `ahead`, how far its clock is ahead of this
    one (seconds, of which it tells whole ones), or null."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
    port = int(os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
    found: Dict[str, Any] = {"address": "%s:%d" % (host, port), "fault": "", "ahead": None}
    # Nothing secret is said, and what is heard is a time: this pod has no authority to check by.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    asking = http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=anybody)
    try:
        asking.request("GET", "/version")  # refused or not, the answer has a date
        date = asking.getresponse().getheader("Date")
    except (OSError, http.client.HTTPException) as error:
        return dict(found, fault=in_words(error))
    finally:
        asking.close()
    return dict(found, ahead=ahead(date, time.time()))


def ahead(date: Optional[str], now: float) -> Optional[float]:
    """How far the clock of who wrote a date, as HTTP has it, is ahead of this one: in the middle of
    the second that it names. None where it is no date."""
    try:
        return parsedate_to_datetime(date or "").timestamp() + 0.5 - now
    except (ValueError, TypeError):
        return None

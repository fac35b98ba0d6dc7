"""The little of a cluster's API that a coordinator needs: see a run's pods, and release one."""

from typing import Iterator, List, Tuple
from urllib.parse import quote

from rankzero.agent import api
from rankzero.agent.api import Absent as Absent
from rankzero.agent.api import Denied as Denied
from rankzero.agent.api import Unanswered as Unanswered
from rankzero.agent.healing import pods
from rankzero.agent.healing.judging import untracked
from rankzero.agent.healing.pods import Object

#: So many pods are held in memory at once: a whole one may have some 20 kB.
_PAGE = "100"


class Api(api.Api):
    """Every method raises Unanswered and Denied."""

    def pages(self, run: str) -> Iterator[Tuple[str, List[Object]]]:
        """All pods of a run, some at a time, with the version of their list, for `changed`."""
        query = {"labelSelector": "%s=%s" % (pods.RUN, run), "limit": _PAGE}
        while True:
            answer = self.call("GET", self._path(), query)
            about = answer["metadata"]
            yield str(about["resourceVersion"]), list(answer["items"])
            query["continue"] = about.get("continue", "")
            if not query["continue"]:
                return

    def changed(self, run: str, version: str, seconds: int) -> None:
        """Return when one of these pods changes after that version, or so many seconds are over."""
        query = {
            "labelSelector": "%s=%s" % (pods.RUN, run),
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, seconds)),
        }
        with api.Answer(
            self, "GET", self._path(), query, patience=seconds + api.PATIENCE
        ) as answer:
            answer.line()

    def release(self, pod: Object) -> bool:
        return release(self, self._path(pods.name(pod)), pod)

    # -- inside

    def _path(self, name: str = "") -> str:
        path = "/api/v1/namespaces/%s/pods" % quote(self.read("namespace"), safe="")
        return "%s/%s" % (path, quote(name, safe="")) if name else path


def release(over: api.Api, path: str, pod: Object) -> bool:
    """Take a pod out of the books; False where another had done so. Errors: Unanswered, Denied."""
    how = {"gracePeriodSeconds": 0, "preconditions": {"uid": pods.uid(pod)}}
    try:
        over.call("PATCH", path, body=untracked(pod), kind=api.STRATEGIC)
        over.call("DELETE", path, body=how)
    except Absent:
        return False
    return True

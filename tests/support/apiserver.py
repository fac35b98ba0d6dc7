"""The objects of `support.api` behind HTTP on loopback, for a `Cluster` as it is: the races, the
refusals and the answers that a test wants cannot be had of a real API server."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlsplit

from rankzero.agent import api
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.plan.kubernetes.kinds import KINDS
from support.api import Api
from support.entered import Entered
from support.kubeconfigs import kubeconfig

Object = dict[str, Any]
BORN = "2026-01-01T00:00:00Z"
_KIND_OF = {kind.plural: name for name, kind in KINDS.items()} | {
    "events": "Event",
    "nodes": "Node",
    "replicasets": "ReplicaSet",
    "endpointslices": "EndpointSlice",
    "storageclasses": "StorageClass",
}

#: What reviews say of a user who may do all.
_EVERY = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_ALL = {"allowed": True, "incomplete": False, "resourceRules": [_EVERY], "nonResourceRules": []}


class Asked(NamedTuple):
    """A request. what: a kind, else the word that stands for one; under: of an object the part that
    is meant, such as its `log`. words: of a command."""

    method: str
    what: str
    name: str
    under: str
    query: dict[str, str]
    body: Any
    words: list[str]


class ApiServer(ThreadingHTTPServer):
    """api: what it has. asked: each request, as `GET Job`.

    refuses: codes by method, kind and what is meant of it (`GET Event`, `GET Pod log`); a watch's
    method is `WATCH`. closed: parts of paths, each with a blank at its end, that nobody may read.
    keeps: of a kind, the key of its spec that no patch may change. meanwhile: what happens, once,
    just before such a request is answered. logs: of pods, by name. documents: what else lies at a
    path. pod: answers, in a thread, who asks for a WebSocket."""

    daemon_threads = True

    def __init__(self, config: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = Api()
        self.refuses: dict[str, int] = {}
        self.keeps: dict[str, str] = {}
        self.closed: tuple[str, ...] = ()
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.logs: dict[str, bytes] = {}
        self.documents: dict[str, Object] = {}
        self.asked: list[str] = []
        self.pod: Callable[[Asked, Entered], object] | None = None
        kubeconfig(config, "lab", f"http://127.0.0.1:{self.server_port}")
        said = json.loads(config.read_text())
        # What this machine trusts would be read for each client, and takes longer than a test.
        said["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
        config.write_text(json.dumps(said))

    def cluster(self, again: str = "") -> Cluster:
        return Cluster("lab", "team", again)

    def handle_error(self, *_: object) -> None:
        """Whoever has gone is no error of its own."""

    # -- what a test puts there

    def put(self, kind: str, name: str, **more: Any) -> Object:
        """An object, or more of one: its labels and annotations among the rest."""
        meta = {key: more.pop(key) for key in ("labels", "annotations") if key in more}
        made = {"kind": kind, "metadata": {**_born(name), **meta, **more.pop("metadata", {})}}
        return self.api.put({**made, **more}, "ADDED")

    def change(self, kind: str, name: str, **change: Any) -> Object:
        return self.api.change(kind, name, change)

    # -- what it answers

    def answer(self, asked: Asked) -> tuple[int, Any]:
        with contextlib.suppress(KeyError):
            self.meanwhile.pop(f"{asked.method} {asked.what}")()
        try:
            return 200, getattr(self, f"_{asked.method.lower()}")(asked)
        except api.Taken as error:
            return 409, {"reason": "AlreadyExists", "message": str(error)}
        except api.Absent as error:
            return 404, {"message": str(error)}
        except api.Invalid as error:
            return 422, {"message": str(error)}
        except _Conflict as error:
            return 409, {"reason": error.args[0], "message": error.args[1]}

    def _get(self, asked: Asked) -> Object:
        if asked.name:
            return self._there(asked)
        items, version = self.api.every(asked.what, asked.query.get("labelSelector", ""))
        items = [one for one in items if _fields(one, asked.query.get("fieldSelector", ""))]
        return {"kind": "List", "metadata": {"resourceVersion": version}, "items": items}

    def _post(self, asked: Asked) -> Object:
        made = {**asked.body, "kind": asked.what}
        if made["kind"] not in _KIND_OF.values() or "dryRun" in asked.query:
            return {**made, "status": _ALL}  # a review, which leaves nothing
        born = {**_born(made["metadata"]["name"]), "generation": 1}
        made["metadata"] = {**born, **made["metadata"]}
        return self.api.create(made)

    def _patch(self, asked: Asked) -> Object:
        there, change = self._there(asked), asked.body
        if isinstance(change, list):
            version = [one for one in change if one["path"] == "/metadata/resourceVersion"]
            meta = {"resourceVersion": version[0]["value"]} if version else {}
        else:
            meta = change.get("metadata", {})
        for key in ("resourceVersion", "uid"):
            if meta.get(key, there["metadata"][key]) != there["metadata"][key]:
                raise _Conflict("Conflict", f"Precondition failed: {key}")
        if isinstance(change, dict) and self.keeps.get(asked.what) in change.get("spec", ()):
            raise api.Invalid(f"spec.{self.keeps[asked.what]}: field is immutable")
        if isinstance(change, list):
            return self._counted(there, self.api.amend(asked.what, asked.name, change))
        if gone := meta.pop("$deleteFromPrimitiveList/finalizers", ()):
            left = [one for one in there["metadata"].get("finalizers", ()) if one not in gone]
            change = {"metadata": {**meta, "finalizers": left or None}}
        return self._counted(there, self.api.change(asked.what, asked.name, change))

    def _counted(self, before: Object, after: Object) -> Object:
        """Of what is asked for, each change counts."""
        if before.get("spec") == after.get("spec"):
            return after
        count = {"metadata": {"generation": before["metadata"].get("generation", 0) + 1}}
        return self.api.change(after["kind"], after["metadata"]["name"], count)

    def _delete(self, asked: Asked) -> Object:
        """With what it owns; what has a finalizer stays, on its way out."""
        there = self._there(asked)
        meta, wanted = there["metadata"], (asked.body or {}).get("preconditions", {})
        if wanted.get("uid", meta["uid"]) != meta["uid"]:
            raise _Conflict("Conflict", "Precondition failed: UID")
        if meta.get("finalizers"):
            leaving = {"metadata": {"deletionTimestamp": BORN}}
            return self.api.change(asked.what, asked.name, leaving)
        self.api.take(asked.what, asked.name)
        for (kind, name), one in list(self.api.there.items()):
            owners = one["metadata"].get("ownerReferences", ())
            if any(owner["uid"] == meta["uid"] for owner in owners):
                self.api.take(kind, name)
        return there

    def _there(self, asked: Asked) -> Object:
        if (asked.what, asked.name) not in self.api.there:
            raise api.Absent(f'{asked.what} "{asked.name}" not found')
        return self.api.one(asked.what, asked.name)


class _Conflict(Exception):
    """reason, message."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer is one packet: a second one would wait for the first one's receipt.
    wbufsize, disable_nagle_algorithm = -1, True
    server: ApiServer

    def answer(self) -> None:
        asked = self._asked()
        watches = asked.query.get("watch") == "true"
        said = f"{'WATCH' if watches else asked.method} {asked.what} {asked.under}"
        self.server.asked.append(said.strip())
        code = self.server.refuses.get(self.server.asked[-1])
        if any(part in f"{self.path} " for part in self.server.closed):
            code = 403
        if code is not None:
            self._say(code, {"message": f"{asked.method} {asked.what}: refused with {code}"})
        elif self.headers.get("Upgrade") == "websocket" and self.server.pod is not None:
            self.close_connection = True
            with contextlib.closing(Entered(self)) as way:
                self.server.pod(asked, way)
        elif asked.under == "log":
            log = self.server.logs.get(asked.name)
            if log is not None and "timestamps" in asked.query:
                log = b"".join(map(_stamped, enumerate(log.splitlines(keepends=True))))
            self._say(400 if log is None else 200, {"message": "no log"}, log)
        elif self.path in self.server.documents:
            self._say(200, self.server.documents[self.path])
        elif watches:
            self._watch(asked)
        else:
            self._say(*self.server.answer(asked))

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _asked(self) -> Asked:
        url = urlsplit(self.path)
        words = url.path.split("/")[1:]
        words = words[2:] if words[0] == "api" else words[3:]
        words = words[2:] if words[:1] == ["namespaces"] and len(words) > 2 else words
        plural, name, under = (*words, "", "", "")[:3]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Asked(
            self.command,
            _KIND_OF.get(plural, plural),
            name,
            under,
            dict(parse_qsl(url.query)),
            json.loads(body) if body else None,
            parse_qs(url.query).get("command", []),
        )

    def _say(self, code: int, said: Any, raw: bytes | None = None) -> None:
        body = json.dumps(said).encode() if raw is None else raw
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, asked: Asked) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        version = asked.query["resourceVersion"]
        changes = self.server.api.changes(asked.what, asked.query.get("labelSelector", ""), version)
        try:
            for how, one in changes:
                self._tell(how, one)
        except api.Invalid as error:
            self._tell("ERROR", {"code": 410, "message": str(error)})

    def _tell(self, how: str, said: Object) -> None:
        self.wfile.write(json.dumps({"type": how, "object": said}).encode() + b"\n")
        self.wfile.flush()


def _born(name: str) -> Object:
    return {"name": name, "namespace": "team", "creationTimestamp": BORN}


def _stamped(line: tuple[int, bytes]) -> bytes:
    """A line of a log with when it came, which is later the further down it stands."""
    return b"2026-01-01T00:00:00.%09dZ " % line[0] + line[1]


def _fields(one: Object, selector: str) -> bool:
    """By name and by reason, which is all that is asked here; of phases all are taken."""
    name, reason = one["metadata"]["name"], one.get("reason")
    known = {"metadata.name": name, "reason": reason}
    wanted = (part.split("=") for part in selector.split(",") if part and "!" not in part)
    return all(known[key] == value for key, value in wanted)


@contextlib.contextmanager
def serving(config: Path) -> Iterator[ApiServer]:
    """One that is there as long as the `with` lasts. config: becomes its kubeconfig."""
    with ApiServer(config) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            made.api.cut()
            thread.join()

"""The step of the pipeline that trains: it makes Jobs, shows what their pods write, ends as they
end, and takes them away. It needs Python 3.8 or newer, and nothing else.

The objects to make are its arguments, as texts of JSON, in which double braces around a name stand
for the run's own name or a parameter's value. This file travels as a word of a command, where Argo
looks for double braces and Kubernetes for dollar signs: it has none.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import secrets
import signal
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from calendar import timegm
from typing import Any, Iterator

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
#: Kind -> where objects of it are; the namespace stands in it as `%s`.
KINDS = {
    "Job": "/apis/batch/v1/namespaces/%s/jobs",
    "Service": "/api/v1/namespaces/%s/services",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies",
}
PODS = "/api/v1/namespaces/%s/pods"
APP, ROLE = "app.kubernetes.io/name", "app.kubernetes.io/component"
INDEX = "batch.kubernetes.io/job-completion-index"
CONTAINER = "rank"
#: Seconds: between two looks; how long the API may not answer; how long a Job outlives this step.
LOOK, PATIENCE, LEASH = 3, 300, 900
#: How long a pod may write nothing before it is asked anew: a network may have forgotten it.
SILENCE = 240
#: What becomes of an answer that is cut off, or that a proxy gave.
CUT = (OSError, http.client.HTTPException, ValueError)
#: As much of a line is handled at once, in bytes.
PIECE = 65536
DOLLAR = chr(36)
PLACE = re.compile("[{][{] (?:`([{]+)`|([^ }]+)) [}][}]")


class Api:
    """The cluster's API, with the rights of this pod."""

    def __init__(self) -> None:
        host, port = (os.environ["KUBERNETES_SERVICE_" + one] for one in ("HOST", "PORT"))
        self.base = "https://%s:%s" % ("[" + host + "]" if ":" in host else host, port)
        self.trust = ssl.create_default_context(cafile=ACCOUNT + "/ca.crt")
        self.namespace = contents(ACCOUNT + "/namespace")

    def open(self, method: str, path: str, body: Any = None, timeout: float = 30) -> Any:
        """An answer to read."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        # The token is another one from time to time.
        token = contents(ACCOUNT + "/token")
        head = {"Authorization": "Bearer " + token, "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        url = self.base + path.replace("%s", self.namespace, 1)
        asked = urllib.request.Request(url, data, head, method=method)
        return urllib.request.urlopen(asked, timeout=timeout, context=self.trust)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Its answer, as data; asked again where nobody can answer now."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self.open(method, path, body) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code == 409 and method == "POST":
                    return None  # the answer to a first try was lost: nobody else has these names
                if (error.code < 500 and error.code != 429) or time.monotonic() > end:
                    said = reason(error.read().decode(errors="replace"))
                    raise SystemExit("the API refuses %s %s: %s" % (method, path, said)) from error
            except CUT as error:
                if time.monotonic() > end:
                    raise SystemExit("the API does not answer: %s" % error) from error
            time.sleep(LOOK)


def contents(path: str) -> str:
    with open(path) as file:
        return file.read().strip()


def reason(said: str) -> str:
    """What the API says of a refusal."""
    try:
        return str(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        return said[:500]


def meanings(run: str, params: list[str]) -> dict[str, str]:
    """What names stand for. params: as `name=value`."""
    found = {"run": run}
    for one in params:
        name, _, value = one.partition("=")
        # Kubernetes shall fill in nothing there.
        found["params." + name] = value.replace(DOLLAR, DOLLAR * 2)
    return found


def filled(value: Any, names: dict[str, str]) -> Any:
    """Data whose texts have what names stand for in their place."""
    if isinstance(value, str):
        return PLACE.sub(lambda found: found[1] or names[found[2]], value)
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, dict):
        return {filled(key, names): filled(one, names) for key, one in value.items()}
    return value


def outcome(job: Any) -> bool | str | None:
    """True of a Job that is done, why it has failed, None as long as it goes on."""
    for one in job.get("status", {}).get("conditions") or []:
        if one["status"] == "True" and one["type"] in ("Complete", "SuccessCriteriaMet"):
            return True
        if one["status"] == "True" and one["type"] in ("Failed", "FailureTarget"):
            return "%s: %s" % (one.get("reason", "Failed"), one.get("message", ""))
    return None


def containers(pod: Any) -> list[Any]:
    """All of a pod's, as they are."""
    status = pod["status"]
    first, others = status.get("initContainerStatuses"), status.get("containerStatuses")
    return [*(first or []), *(others or [])]


def trains(pod: Any) -> Any:
    """How the container is that trains."""
    return next((one for one in containers(pod) if one["name"] == CONTAINER), {})


def is_in(state: str, container: Any) -> bool:
    return container.get("state", {}).get(state) is not None


def waits(pod: Any) -> str:
    """Why a pod does not run, in the cluster's words; empty where it does, or nobody says."""
    for one in containers(pod):
        waiting = one.get("state", {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return "%s: %s" % (waiting["reason"], waiting.get("message", ""))
    for one in pod["status"].get("conditions") or []:
        if one["type"] == "PodScheduled" and one["status"] == "False":
            return str(one.get("message") or one.get("reason", ""))
    return ""


def failures(pod: Any) -> Iterator[str]:
    """What has failed in a pod."""
    where = pod["spec"].get("nodeName", "no machine")
    for one in containers(pod):
        for when in ("state", "lastState"):
            ended = one.get(when, {}).get("terminated") or {}
            if ended.get("exitCode"):
                said = (one["name"], ended["exitCode"], where, ended.get("reason", "Error"))
                yield "%s ended with %s on %s (%s)" % said
                break
    if pod["status"].get("reason"):  # the cluster has taken it away
        yield "%s: %s" % (pod["status"]["reason"], pod["status"].get("message", ""))


def label(pod: Any) -> str:
    """How lines of a pod are marked: its role and number."""
    meta = pod["metadata"]
    return "[%s-%s] " % (meta["labels"].get(ROLE), meta.get("annotations", {}).get(INDEX, "?"))


class Lines:
    """What pods write, as it comes. A connection that is cut goes on where it was."""

    def __init__(self, api: Api) -> None:
        self.api, self.lock = api, threading.Lock()
        self.threads: dict[str, threading.Thread] = {}
        self.seen: dict[str, bytes] = {}
        self.whole: set[tuple[str, int]] = set()

    def look(self, pod: Any) -> None:
        """See to it that a pod is listened to, and once more after its container has ended."""
        uid, found = pod["metadata"]["uid"], trains(pod)
        this = (uid, found.get("restartCount", 0))
        ended = is_in("terminated", found)
        listens = uid in self.threads and self.threads[uid].is_alive()
        if listens or this in self.whole or not (ended or is_in("running", found)):
            return
        if ended:
            self.whole.add(this)
        self.threads[uid] = threading.Thread(target=self.follow, args=(pod,), daemon=True)
        self.threads[uid].start()

    def last(self, pods: list[Any]) -> None:
        """Of those that have ended, all."""
        ended = [one for one in pods if is_in("terminated", trains(one))]
        for _ in range(2):  # who listens now, and then once more
            for pod in ended:
                self.look(pod)
            end = time.monotonic() + 30
            for pod in ended:
                self.threads[pod["metadata"]["uid"]].join(max(0, end - time.monotonic()))

    def follow(self, pod: Any) -> None:
        uid = pod["metadata"]["uid"]
        asked = {"container": CONTAINER, "follow": "true", "timestamps": "true"}
        if uid in self.seen:
            asked["sinceTime"] = re.sub("[.][0-9]+", "", self.seen[uid].decode())
        path = "%s/%s/log?%s" % (PODS, pod["metadata"]["name"], urllib.parse.urlencode(asked))
        try:
            with self.api.open("GET", path, timeout=SILENCE) as answer:
                self.show(answer, uid, label(pod).encode())
        except CUT:
            pass  # the next look asks again

    def show(self, answer: Any, uid: str, mark: bytes) -> None:
        known, begins, new = self.seen.get(uid, b""), True, True
        for piece in iter(lambda: answer.readline(PIECE), b""):
            start = mark if begins else b""
            if begins:
                stamp, _, piece = piece.partition(b" ")
                new = stamp > known
                self.seen[uid] = max(stamp, known)
            if new:
                self.write(start + piece)
            begins = piece.endswith(b"\n")
        if not begins:
            self.write(b"\n")

    def write(self, text: bytes) -> None:
        with self.lock:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()


class Run:
    """One training. serving: roles that do not end by themselves."""

    def __init__(self, api: Api, name: str, objects: list[Any], serving: list[str]) -> None:
        self.api, self.name, self.objects = api, name, objects
        jobs = {one["metadata"]["name"] for one in objects if one["kind"] == "Job"}
        self.ending = jobs - {"%s-%s" % (name, role) for role in serving}
        self.lines = Lines(api)
        self.told: set[str] = set()

    def make(self, owner: Any) -> None:
        """What is made goes with this pod, also where the step cannot take it away any more."""
        for one in self.objects:
            one["metadata"]["ownerReferences"] = [owner]
            if one["kind"] == "Job":
                one["spec"]["activeDeadlineSeconds"] = LEASH
            self.api.ask("POST", KINDS[one["kind"]], one)
            self.say("%s %s is made" % (one["kind"], one["metadata"]["name"]))

    def watch(self) -> str:
        """Until all is done, or something has failed: what, or an empty text."""
        while True:
            jobs, pods = self.look()
            failed = [name for name, how in jobs.items() if isinstance(how, str)]
            if failed or all(jobs[name] for name in self.ending):
                self.lines.last(pods)
                ends = ["  " + label(pod) + one for pod in pods for one in failures(pod)]
                told = ["%s has failed: %s" % (name, jobs[name]) for name in failed]
                return "\n".join([*told, *ends] if failed else [])
            time.sleep(LOOK)

    def look(self) -> tuple[dict[str, Any], list[Any]]:
        """How the Jobs are, and their pods."""
        select = "?" + urllib.parse.urlencode({"labelSelector": "%s=%s" % (APP, self.name)})
        jobs = self.api.ask("GET", KINDS["Job"] + select)["items"]
        pods = self.api.ask("GET", PODS + select)["items"]
        for pod in pods:
            self.lines.look(pod)
            if waits(pod):
                self.say(label(pod) + "waits: " + waits(pod))
        for job in jobs:
            self.hold(job)
        found = {one["metadata"]["name"]: outcome(one) for one in jobs}
        return {**dict.fromkeys(self.ending, "it was deleted"), **found}, pods

    def hold(self, job: Any) -> None:
        """Put a Job's end off. Where this step is killed it comes by itself: nothing trains on
        for nobody."""
        began = job.get("status", {}).get("startTime")
        if not began or outcome(job) is not None:
            return
        age = int(time.time()) - timegm(time.strptime(began, "%Y-%m-%dT%H:%M:%SZ"))
        if job["spec"].get("activeDeadlineSeconds", 0) < age + LEASH * 2 // 3:
            change = {"spec": {"activeDeadlineSeconds": age + LEASH}}
            path = "%s/%s" % (KINDS["Job"], job["metadata"]["name"])
            with contextlib.suppress(*CUT):  # it was deleted; or it is time enough at the next look
                self.api.open("PATCH", path, change).close()

    def end(self) -> None:
        """Take away what was made; Jobs with their pods."""
        for one in reversed(self.objects):
            path = "%s/%s?propagationPolicy=Background"
            where = path % (KINDS[one["kind"]], one["metadata"]["name"])
            try:
                self.api.open("DELETE", where).close()
            except CUT as error:
                if getattr(error, "code", 0) != 404:
                    self.say("%s stays for now: %s" % (one["metadata"]["name"], error))

    def say(self, text: str) -> None:
        """Once."""
        if text not in self.told:
            self.told.add(text)
            self.lines.write((text + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("objects", nargs="+")
    parser.add_argument("--name", required=True)
    parser.add_argument("--serving", action="append", default=[])
    parser.add_argument("--param", action="append", default=[])
    said = parser.parse_args()
    name = "%s-%s" % (said.name, secrets.token_hex(3)[:5])
    names = meanings(name, said.param)
    api = Api()
    pod = api.ask("GET", "%s/%s" % (PODS, os.environ["HOSTNAME"]))["metadata"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod["name"], "uid": pod["uid"]}
    run = Run(api, name, [filled(json.loads(one), names) for one in said.objects], said.serving)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run.make(owner)
        failure = run.watch()
    finally:
        run.end()
    if failure:
        sys.exit(failure)


if __name__ == "__main__":
    main()

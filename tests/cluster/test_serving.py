"""`rankzero serve` on a real Kubernetes: a service's life, measured by those who ask it."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from support.home import Said
from support.waiting import PATIENCE, until

from .asking import asking
from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import ROLE, Team

#: Says which version of it answers, and where; asked to end, it answers what it has taken.
SERVER = """
import http.server, os, signal, threading

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.environ.get('WHO')} {os.environ['HOSTNAME']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("up", os.environ.get("WHO"), flush=True)
server.serve_forever()
"""
#: A predictor that needs its framework, and its model.
PREDICTOR = """
import json

class Predictor:
    def load(self, path):
        import torch
        self.torch = torch
        self.bias = json.loads((path / "model.json").read_text())["bias"]

    def predict(self, batch):
        return [(self.torch.tensor(float(one)) + self.bias).item() for one in batch]
"""


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(cluster, tmp_path_factory.mktemp("serving")) as made:
        yield made


@pytest.fixture(scope="module")
def member(place: Shared) -> Team:
    return place.member(ROLE)


def deploy(team: Team, name: str, cluster: Cluster, *options: str) -> None:
    # Without a time to drain, for what measures nothing.
    how = ("--image", cluster.python, "--port", "8080", "--name", name, "-e", "WHO=one")
    drain = () if "--drain" in options else ("--drain", "0s")
    done = team.call("serve", "deploy", *how, *drain, *options, "--", "python3", "-c", SERVER)
    assert done.code == 0, done
    assert f"✓ {name} serves version 1" in done.err


def status(team: Team, name: str) -> dict[str, Any]:
    said = team.call("serve", "status", name, "-o", "json")
    assert said.code == 0, said
    found: dict[str, Any] = json.loads(said.out)
    return found


@contextlib.contextmanager
def opened(team: Team, name: str) -> Iterator[str]:
    """A service's address on this machine, which ends in a slash."""
    command = team.start("serve", "open", name, "--no-browser")
    try:
        command.until_said(f"-> {name}")
        found = re.search(r"http://\S+", command.out)
        assert found
        yield found[0]
    finally:
        command.end()


def predicted(url: str, value: float) -> float:
    """What a predictor makes of a number."""
    head = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{url}predict", json.dumps(value).encode(), head)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return float(json.loads(answer.read())["output"])


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def test_no_request_fails_while_versions_come_and_go(member: Team, cluster: Cluster) -> None:
    deploy(member, "web", cluster, "--replicas", "2", "--drain", "4s")
    # By its address: what the name leads to is the cluster's DNS, and that keeps what it knew.
    address = f"http://{status(member, 'web')['reach']['address']}:8080"
    with asking(member, cluster, address) as answers:
        updated = member.call("serve", "update", "web", "-e", "WHO=two")
        broken = member.call(
            "serve", "update", "web", "--image", f"{cluster.python}-is-not-there", "--wait", "3s"
        )
        after = status(member, "web")
        back = member.call("serve", "undo", "web", "--to", "1")
        answered = answers()

    assert answered["failures"] == []
    assert answered["answers"]["one"] > 0 and answered["answers"]["two"] > 0
    assert updated.code == 0 and "✓ web serves version 2, 2/2 pods ready" in updated.err
    # A version that cannot be is taken back by itself, with the reason.
    assert broken.code == 1 and "is not there" in broken.err and "undone" in broken.err
    assert after["state"] == "ready" and after["image"] == cluster.python
    assert back.code == 0, back
    told = member.call("serve", "history", "web").out
    assert "undone, back to version 2: not ready within 3 s" in told
    assert "undone, back to version 1" in told
    assert member.call("serve", "delete", "web").code == 0
    assert "There is no service" in member.call("serve", "status", "web").err


@pytest.fixture(scope="module")
def page(member: Team, cluster: Cluster) -> str:
    """A service with two pods."""
    deploy(member, "page", cluster, "--replicas", "2", "--label", "team=vision")
    return "page"


def test_its_address_endpoints_pods_and_versions_are_described(member: Team, page: str) -> None:
    found = status(member, page)

    assert found["state"] == "ready" and found["not_shown"] == []
    assert found["reach"]["urls"] == [f"http://page.{member.namespace}:8080"]
    pods = {one["pod"] for one in found["pods"] if not one["leaving"]}
    assert {one["pod"] for one in found["endpoints"]} == pods
    assert all(one["ready"] and one["machine"] for one in found["endpoints"])
    (version,) = found["versions"]
    assert version["current"] and version["changed"] == "deployed" and version["ready"] == 2
    text = member.call("serve", "status", page).out
    assert "ENDPOINT" in text and "WHAT CHANGED" in text


def test_services_are_found_by_their_labels_and_their_lines_by_their_pods(
    member: Team, page: str
) -> None:
    assert "page  ready  2/2" in re.sub(" +", "  ", member.call("serve", "list").out)
    assert "No services" in member.call("serve", "list", "-l", "team=speech").out
    lines = member.call("serve", "logs", page).out.splitlines()
    assert len(lines) == 2 and all(line.endswith("] up one") for line in lines)
    assert "Started" in member.call("serve", "events", page).out


def test_one_file_says_all_of_it_and_another_image_is_its_second_version(
    member: Team, cluster: Cluster
) -> None:
    if cluster.torch is None:
        pytest.skip("this takes two images")
    said = {
        "name": "filed",
        "image": cluster.python,
        "command": ["python3", "-c", SERVER],
        "port": 8080,
        "replicas": 2,
        "expose": "NodePort",
        "ready": "/",
        "drain": 0,
        "env": {"WHO": "filed"},
        "labels": {"team": "speech", "tier": "web"},
    }
    deployed = member.call("serve", "deploy", member.script(yaml.safe_dump(said), "filed.yaml"))
    assert deployed.code == 0, deployed
    updated = member.start("serve", "update", "filed", "--image", cluster.torch).wait(120.0)
    assert updated.code == 0, updated

    found = status(member, "filed")
    assert (found["state"], found["ready"], found["image"]) == ("ready", 2, cluster.torch)
    assert found["reach"]["kind"] == "NodePort"
    pods = {one["pod"] for one in found["pods"] if not one["leaving"]}
    assert {one["pod"] for one in found["endpoints"]} == pods
    images = {one["replicaset"]: (one["image"], one["there"]) for one in found["versions"]}
    there = member.admin.get("replicasets", "-l", "rankzero/service=filed")["items"]
    assert images == {
        one["metadata"]["name"]: (
            one["spec"]["template"]["spec"]["containers"][0]["image"],
            one["status"]["replicas"],
        )
        for one in there
    }
    assert sorted(images.values()) == sorted([(cluster.python, 0), (cluster.torch, 2)])
    text = member.call("serve", "status", "filed").out
    assert f"image {cluster.python} -> {cluster.torch}" in text


def test_those_with_a_label_are_deleted_and_no_others(
    member: Team, cluster: Cluster, page: str
) -> None:
    for name in ("left", "right"):
        deploy(member, name, cluster, "--label", "team=speech", "--label", f"side={name}")

    def listed(*labels: str) -> set[str]:
        said = member.call("serve", "list", *labels, "-o", "json").out
        return {one["service"] for one in json.loads(said)["services"]}

    assert listed("-l", "team=speech", "-l", "side") == {"left", "right"}
    assert listed("-l", "team=speech", "-l", "side!=left", "-l", "side") == {"right"}
    gone = member.call("serve", "delete", "-l", "team=speech")
    assert gone.code == 0 and {"deleted left", "deleted right"} <= set(gone.out.splitlines())
    assert listed() == {page}
    # Kubernetes' own word for it finds the same.
    (kept,) = member.admin.get("deployments", "-l", "team=vision")["items"]
    assert kept["metadata"]["name"] == page


def test_it_goes_to_nothing_and_comes_back(member: Team, page: str) -> None:
    down = member.call("serve", "scale", page, "0")
    assert down.code == 0 and status(member, page)["state"] == "idle"
    refused = member.call("serve", "open", page, "--no-browser")
    assert refused.code == 3 and "no pod of page is ready" in refused.err

    up = member.call("serve", "scale", page, "2")
    assert up.code == 0 and status(member, page)["ready"] == 2


def test_open_dials_another_pod_when_its_own_goes(member: Team, page: str) -> None:
    with opened(member, page) as url:
        first = fetch(url).split()[1]
        member.admin("delete", "pod", first, "--wait=false")
        until(lambda: _other(url, first), "an answer of another pod")
    until(lambda: status(member, page)["state"] == "ready", "the pod in its place")


def _other(url: str, first: str) -> bool:
    try:
        return fetch(url).split()[1] != first
    except OSError:  # it is not known yet that the pod has gone
        return False


def test_its_address_goes_and_comes_as_a_port_of_every_node(
    member: Team, page: str, lab: Cluster
) -> None:
    gone = member.call("serve", "unexpose", page)
    without_one = status(member, page)
    back = member.call("serve", "expose", page, "--as", "NodePort")

    assert gone.code == 0 and without_one["reach"] is None and without_one["ready"] == 2
    assert back.code == 0, back
    node = re.search(r"http://\S+:3\d{4}", back.out)
    assert node, back
    until(lambda: _answers(node[0]), "an answer at a node's port")


def test_the_address_of_a_load_balancer_is_printed_once_there_is_one(
    member: Team, page: str
) -> None:
    asked = member.call("serve", "expose", page, "--as", "LoadBalancer")
    assert asked.code == 0, asked
    assert "the cluster's load balancer has given none yet" in asked.out

    # What a provider's controller does.
    given = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}}
    how = ("--subresource=status", "--type=merge", "-p", json.dumps(given))
    member.admin("patch", "service", page, *how)

    said = member.call("serve", "status", page)
    assert "address  http://203.0.113.7:8080  (from outside)" in said.out
    assert member.call("serve", "expose", page, "--as", "ClusterIP").code == 0
    assert status(member, page)["reach"]["urls"] == [f"http://page.{member.namespace}:8080"]


def _answers(url: str) -> bool:
    try:
        return fetch(url).startswith("one ")
    except OSError:  # the nodes have not all heard of it yet
        return False


def test_what_two_people_change_at_once_is_kept(member: Team, page: str) -> None:
    commands = [
        member.start("serve", "update", page, "-e", f"{name}=1", "--detach")
        for name in ("ONE", "TWO", "THREE")
    ]
    for command in commands:
        assert command.wait().code == 0

    said = status(member, page)["request"]["env"]
    assert said.keys() >= {"ONE", "TWO", "THREE"}


def test_why_it_does_not_come_is_said(member: Team, cluster: Cluster) -> None:
    how = ("--image", cluster.python, "--port", "8080", "--name", "sad", "--wait", "30s")
    said = member.call("serve", "deploy", *how, "--", "serve-it")

    assert said.code == 1 and "has no serve-it that could be run" in said.err
    why = member.call("serve", "why", "sad", "-o", "json")
    assert json.loads(why.out)["causes"][0]["cause"] == "not-startable"
    again = member.call("serve", "deploy", *how, "--", "serve-it")
    assert again.code == 2 and "already; nothing was created" in again.err
    assert member.call("serve", "delete", "sad").out == "deleted sad\n"


def test_a_service_elsewhere_is_found_by_its_name_and_its_hints_lead_there(
    member: Team, place: Shared, cluster: Cluster, new_namespace: Callable[..., str]
) -> None:
    other = new_namespace()
    everywhere = {"KUBECONFIG": str(cluster.kubeconfig), "RANKZERO_NAMESPACE": member.namespace}

    def call(*words: str) -> Said:
        return member.call("serve", *words, env=everywhere)

    # What does not become ready costs nothing, and has the most to say.
    image = f"{cluster.python}-is-not-there"
    how = ("--image", image, "--port", "8080", "--name", "far", "--wait", "1s")
    said = call("deploy", *how, "--namespace", other)
    assert said.code == 1, said
    assert f"rankzero serve update far --namespace {other}, end it:" in said.err
    found = call("status", "far")
    assert found.code == 0, found
    hint = re.search(r"rankzero serve (open far .*)", found.out)
    assert hint and hint[1].endswith(f"--namespace {other}") and "--context" in hint[1]

    # The same name in the default place counts more; in two others, both are told.
    near = call("deploy", *how)
    assert f"/{member.namespace}" in call("status", "far").out.splitlines()[0], near
    twice = member.call(
        "serve", "status", "far", env={**everywhere, "RANKZERO_NAMESPACE": "default"}
    )
    assert (twice.code, '"far" could be 2 services' in twice.err) == (2, True), twice
    for namespace in (other, member.namespace):
        assert re.search(rf"far --context \S+ --namespace {namespace}\b", twice.err)
        assert call("delete", "far", "--namespace", namespace).code == 0
    assert "nor anywhere else" in call("status", "far").err


def test_who_may_not_deploy_is_told_which_rights_it_takes(place: Shared, cluster: Cluster) -> None:
    barred = place.member(without("deployments", role=ROLE))
    how = ("--image", cluster.python, "--port", "8080", "--name", "not")
    said = barred.call("serve", "deploy", *how)

    assert (
        said.code == 3
        and "you may not create, list, watch, patch, delete deployments.apps" in said.err
    )
    assert "rankzero doctor --rbac" in said.err


def test_a_predictor_is_served_from_an_image_with_its_framework_alone(
    member: Team, cluster: Cluster
) -> None:
    member.script(PREDICTOR, "app.py")
    model = member.work / "outputs" / "model.json"
    model.parent.mkdir()
    model.write_text('{"bias": 40}')
    how = ("--image", cluster.torch, "--model", "outputs", "--drain", "0s", "--wait", "3m")
    deployed = member.start("serve", "deploy", "app.py:Predictor", *how).wait(200.0)
    assert deployed.code == 0, deployed
    with opened(member, "app") as url:
        assert predicted(url, 2) == 42.0

    member.script("class Predictor:\n    predict = 1 / 0", "app.py")
    # Another machine may have to pull the image first.
    broken = member.start("serve", "update", "app", "--code", "--wait", "40s").wait(160.0)
    assert broken.code == 1
    assert (
        "its predictor cannot be loaded: ZeroDivisionError" in broken.err and "undone" in broken.err
    )
    assert status(member, "app")["state"] == "ready"

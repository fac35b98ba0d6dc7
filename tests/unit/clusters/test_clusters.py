"""Clusters on this machine: what is asked for, and what each tool is told."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rankzero.clusters import tools
from rankzero.clusters.tool import Step
from rankzero.clusters.wanted import HostPort, Wanted, host_port, read
from rankzero.errors import BadRequest
from rankzero.spec.problems import SpecError

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "kind": Wanted(nodes=3, host_ports=(HostPort(8080, 30080),)),
    "kind-three-rule": Wanted("team", 2, 3, registry=None, version="1.34.0"),
    "k3d": Wanted(nodes=2, host_ports=(HostPort(8080, 30080),), gpus=True, version="v1.34.1"),
    "minikube": Wanted("gpus", 0, gpus=True),
    "minikube-three-rule": Wanted(nodes=1, control_planes=3, registry=None, version="1.34.0"),
    "microk8s": Wanted(gpus=True),
}


def told(steps: list[Step]) -> str:
    return "".join(f"$ {shlex.join(step.words)}\n{step.stdin}" for step in steps)


@pytest.mark.parametrize("case", CASES)
def test_what_a_tool_is_told(case: str) -> None:
    tool = tools.TOOLS[case.partition("-")[0]]
    wanted = CASES[case]
    assert tool.fault(wanted) == ""
    text = told(tool.create(wanted)) + "\n# delete\n" + told(tool.delete(wanted.name))
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("RANKZERO_RENEW_GOLDEN"):
        golden.write_text(text)
    assert golden.read_text() == text


def test_a_registry_is_told_to_every_node_of_kind() -> None:
    created, run, *nodes = tools.TOOLS["kind"].create(Wanted(nodes=2, control_planes=3))
    config = yaml.safe_load(created.stdin)
    assert [one["role"] for one in config["nodes"]] == ["control-plane"] * 3 + ["worker"] * 2
    assert "127.0.0.1:5001:5000" in run.words
    assert run.words[run.words.index("--label") + 1] == "rankzero.cluster=rankzero"
    assert [step.words[3] for step in nodes] == [
        *("rankzero-control-plane", "rankzero-control-plane2", "rankzero-control-plane3"),
        *("rankzero-worker", "rankzero-worker2"),
    ]


@pytest.mark.parametrize(
    ("tool", "wanted", "said"),
    [
        ("kind", Wanted(gpus=True), "minikube and microk8s do"),
        ("minikube", Wanted(control_planes=5), "one or three"),
        ("microk8s", Wanted(nodes=3), "this machine alone"),
        ("microk8s", Wanted(version="1.34"), "channel"),
        ("microk8s", Wanted(host_ports=(HostPort(1, 30000),)), "open without"),
        ("microk8s", Wanted(registry=5002), "32000"),
    ],
)
def test_what_a_tool_cannot_make_is_told(tool: str, wanted: Wanted, said: str) -> None:
    assert said in tools.TOOLS[tool].fault(wanted)


def test_the_first_tool_that_is_installed_makes_it() -> None:
    assert tools.choose(None, lambda name: name in ("k3d", "minikube")).name == "k3d"
    assert tools.choose("minikube", lambda _: True).name == "minikube"
    with pytest.raises(BadRequest, match="kind is not installed"):
        tools.choose("kind", lambda _: False)
    with pytest.raises(BadRequest, match=r'no "kynd"; did you mean "kind"'):
        tools.choose("kynd", lambda _: True)
    with pytest.raises(BadRequest, match="nothing that makes clusters") as none:
        tools.choose(None, lambda _: False)
    assert all(name in str(none.value) for name in tools.TOOLS)


def test_a_file_says_it_and_options_count_more(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(
        "name: team\nnodes: 3\ncontrol_planes: 3\ngpus: true\nregistry: false\n"
        'host_ports: ["8080:30080"]\nversion: 1.34.0\n'
    )
    found = read(str(file), {"nodes": 2, "name": None})
    assert found == Wanted("team", 2, 3, True, (HostPort(8080, 30080),), None, "1.34.0")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nods: 3", "unknown key"),
        ("nodes: many", "whole number"),
        ("nodes: true", "whole number"),
        ("gpus: 2", "true or false"),
        ("host_ports: 8080", "a list"),
        ('host_ports: ["8080:80"]', "30000 to 32767"),
        ('host_ports: ["0:30000"]', "is no port"),
        ('host_ports: ["²:30000"]', "is no HOST:NODE"),
        ("registry: true", "whole number"),
    ],
)
def test_mistakes_in_a_file_have_their_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(f"name: a\n{text}\n")
    with pytest.raises(SpecError) as raised:
        read(str(file), {})
    assert "cluster.yaml:2" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "My_Cluster"}, "lower-case"),
        ({"nodes": 99}, "0 to 50"),
        ({"control_planes": 2}, "1, 3 or 5"),
        ({"registry": 0}, "no port"),
        ({"registry": 8080, "host_ports": (HostPort(8080, 30000),)}, "named twice"),
        ({"version": "new"}, "such as 1.34.0"),
    ],
)
def test_what_no_cluster_can_be(options: dict[str, object], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        read(None, options)


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("nods: 3\ngpus: 2\nhost_ports: [1]\n")
    with pytest.raises(SpecError) as raised:
        read(str(file), {"nodes": 99})
    assert [problem.place.line for problem in raised.value.problems if problem.place] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [("registry: 0", "0 is no port"), ("name: [a]", "is no name"), ("version: {}", "is none")],
)
def test_what_a_file_says_is_looked_at_as_options_are(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    with pytest.raises(BadRequest, match=said):
        read(str(file), {})


def test_a_version_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("version: 1.30\n")
    assert read(str(file), {}).version == "1.30"


@pytest.mark.parametrize("no", [None, True, False])
def test_no_registry_is_an_option_of_its_own(no: bool | None) -> None:
    assert (read(None, {"no_registry": no}).registry is None) is bool(no)
    assert read(None, {"no_registry": no, "registry": 5005}).registry == (None if no else 5005)


@given(st.text("0123456789:-²x", max_size=12))
def test_a_port_of_a_node_is_one_or_told_in_words(text: str) -> None:
    try:
        found = host_port(text)
    except ValueError as refused:
        assert "is no" in str(refused)
    else:
        assert 0 < found.host < 65536 and 30000 <= found.node < 32768
        assert [int(part) for part in text.split(":")] == [*found]

"""What is made of what pods saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rankzero.doctor import granted, inside
from rankzero.doctor.inside import Looked
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING
from rankzero.why.blocked import Trouble
from rankzero.why.seen import Pod, Said

PYTHON = {"saw": "python", "version": "3.11.2", "frameworks": ["PyTorch"]}
NAMES = {"saw": "names", "name": "kubernetes.default.svc", "fault": "", "servers": ["10.96.0.10"]}
SERVER = {"saw": "server", "address": "10.96.0.1:443", "fault": "", "ahead": 0.2}
PEER = {"saw": "peer", "name": "a-0.a", "kind": "connection", "fault": "", "seconds": 0.0012}
DEVICES = {
    "saw": "devices",
    "files": ["/dev/nvidia0", "/dev/nvidiactl"],
    "visible": "GPU-1",
    "tool": {"there": True, "fault": "", "lines": ["NVIDIA H200, 580.65.06"]},
}
TORCH = {
    "saw": "framework",
    "name": "PyTorch",
    "version": "2.9",
    "built": "CUDA 13.0",
    "devices": ["H200"],
    "fault": "",
    "more": {},
}


def pod(node: str, machine: str, *events: tuple[str, str]) -> Pod:
    said = tuple(Said(reason, message) for reason, message in events)
    return Pod(node, f"{node}-x", "Succeeded", machine=machine, image="mine:1", said=said)


def two(first: Mapping[str, Any] = {}, second: Mapping[str, Any] = {}, on: str = "b"):
    """What both pods saw, but for what a test says otherwise."""
    pulled = ("Pulled", 'Successfully pulled image "mine:1" in 3.214s (3.214s including waiting)')
    there = ("Pulled", 'Container image "mine:1" already present on machine')
    changed = [{one["saw"]: one} if one else {} for one in (first, second)]
    lines = {one["saw"]: one for one in (PYTHON, NAMES, SERVER)}
    return [
        Looked("network/0", "a", (*{**lines, **changed[0]}.values(),), pod=pod("0", "a", pulled)),
        Looked(
            "network/1",
            on,
            (*{**lines, "peer": PEER, **changed[1]}.values(),),
            pod=pod("1", on, there),
        ),
    ]


def told(looked: list[Looked], skew: float | None = 0.0, *policies: str):
    return {
        one.check: (one.verdict, one.said, one.remedy)
        for one in inside.network(looked, skew, policies)
    }


def test_all_is_well() -> None:
    found = told(two())
    assert {verdict for verdict, _, _ in found.values()} == {FINE}
    assert found["image"][1] == (
        "mine:1 pulled on a in 3.214s; was on b already: no registry was asked"
    )
    assert found["Python"][1] == "3.11.2, with PyTorch"
    assert found["DNS"][1] == "kubernetes.default.svc and a-0.a are known"
    assert found["other pods"][1] == "b reaches a, 1.2 ms"
    assert "a, b agree" in found["clocks"][1]


@pytest.mark.parametrize(
    ("second", "check", "verdict", "words"),
    [
        ({**PYTHON, "version": "3.7.9"}, "Python", FINE, "3.11.2"),
        ({**NAMES, "fault": "no answer within 10 s"}, "DNS", FAILURE, "(asked: 10.96.0.10)"),
        ({**PEER, "kind": "name", "fault": "unknown"}, "DNS", FAILURE, "the pod a-0.a"),
        ({**PEER, "fault": "timed out"}, "other pods", FAILURE, "a is not reached from b"),
        ({**SERVER, "fault": "timed out"}, "API server", WARNING, "not reached from b: timed out"),
        ({**SERVER, "ahead": 61.0}, "clocks", WARNING, "b's is 61 s behind of the API server's"),
        ({**SERVER, "ahead": None}, "clocks", FINE, "those of a agree"),
    ],
)
def test_what_is_not_well_is_told_where_it_is(
    second: Mapping[str, Any], check: str, verdict: str, words: str
) -> None:
    found = told(two(second=second))
    assert found[check][0] == verdict
    assert words in found[check][1]
    assert bool(found[check][2]) == (verdict != FINE)


def test_this_machine_s_clock_is_compared_over_the_api_server_s() -> None:
    found = told(two(), -90.0)
    assert found["clocks"][0] == WARNING
    assert "90 s behind of this machine's" in found["clocks"][1]
    assert "this machine's" not in told(two(), None)["clocks"][1]


def test_policies_that_may_be_the_wall_are_named() -> None:
    found = told(two(second={**PEER, "fault": "timed out"}), 0.0, "default-deny")
    assert "default-deny" in found["other pods"][2]


def test_one_machine_says_nothing_of_the_way_between_two() -> None:
    assert "between machines not looked" in told(two(on="a"))["other pods"][1]


def test_a_pod_that_did_not_start_is_told_once_with_its_remedy() -> None:
    denied = Trouble("image-denied", "hub refuses mine:1", "make a pull secret", ("401",))
    both = [Looked(f"network/{at}", "", (), denied) for at in range(2)]
    assert told(both) == {"image": (FAILURE, "hub refuses mine:1: 401", "make a pull secret")}
    one = [two()[0], Looked("network/1", "", (), Trouble("quota", "too much", "ask"))]
    found = told(one)
    assert found["pod for network"] == (FAILURE, "too much", "ask")
    assert found["other pods"][0] == UNKNOWN
    assert found["DNS"][0] == FINE


def gpu(*lines: Mapping[str, Any], trouble: Trouble | None = None):
    looked = [Looked("gpus/0", "a", (PYTHON, *lines) if lines else (), trouble)]
    return {one.check: (one.verdict, one.said, one.remedy) for one in granted.gpus(looked)}


def test_a_gpu_that_is_there_and_computes() -> None:
    found = gpu(DEVICES, TORCH)
    assert {verdict for verdict, _, _ in found.values()} == {FINE}
    assert found["GPU driver"][1] == "1 x NVIDIA H200, driver 580.65.06"
    assert found["PyTorch"][1] == "2.9, for CUDA 13.0, computes on 1 GPU (H200)"


@pytest.mark.parametrize(
    ("devices", "framework", "check", "verdict", "words"),
    [
        (
            {**DEVICES, "files": [], "visible": "void"},
            {**TORCH, "devices": []},
            *("GPU", FAILURE),
            "granted on a, but there is no device file in the pod; NVIDIA_VISIBLE_DEVICES is void",
        ),
        (
            {**DEVICES, "tool": {"there": True, "fault": "mismatch", "lines": []}},
            TORCH,
            *("GPU driver", FAILURE),
            "mismatch",
        ),
        (
            {**DEVICES, "tool": {"there": False, "fault": "", "lines": []}},
            TORCH,
            *("GPU driver", UNKNOWN),
            "no nvidia-smi",
        ),
        (DEVICES, {**TORCH, "devices": []}, "PyTorch", FAILURE, "sees no GPU"),
        (DEVICES, {**TORCH, "fault": "no kernel image"}, "PyTorch", FAILURE, "no kernel image"),
    ],
)
def test_what_is_wrong_with_a_gpu_is_told_by_its_part(
    devices: Mapping[str, Any], framework: Mapping[str, Any], check: str, verdict: str, words: str
) -> None:
    found = gpu(devices, framework)
    assert found[check][0] == verdict
    assert words in found[check][1]


def test_without_a_device_or_a_framework_no_framework_is_blamed() -> None:
    assert gpu({**DEVICES, "files": []}, {**TORCH, "devices": []})["PyTorch"][0] == FINE
    assert gpu(DEVICES)["computes"][0] == UNKNOWN


@pytest.mark.parametrize(("hopeless", "verdict"), [(False, WARNING), (True, FAILURE)])
def test_gpus_that_others_have_are_nothing_that_is_broken(hopeless: bool, verdict: str) -> None:
    full = Trouble("does-not-fit", "no machine fits", "wait", (), hopeless)
    assert gpu(trouble=full) == {"pod for gpus": (verdict, "no machine fits", "wait")}

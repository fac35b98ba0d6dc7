"""From a plan to what the checks look at, and from their verdicts to what people read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import CHECKS, findings, report, sizes
from rankzero.backends.kubernetes.preflight.model import Refusal, Verdict
from rankzero.backends.kubernetes.preflight.request import describe
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code, Plan
from rankzero.spec.framework import Found
from rankzero.spec.model import Job

from .given import judged, made, request


def plan(env: dict[str, str] | None = None, **roles: Any) -> Plan:
    shapes = roles or {"worker": {"nodes": {"minimum": 1, "maximum": 3}}}
    asked = {"name": "digits", "run": {"script": "train.py"}, "workdir": "/work", "roles": shapes}
    job = Job.model_validate({**asked, "env": env or {}})
    freight = Freight(b"the agent", (b"part one", b"part two"), "ab" * 32)
    facts = Facts("lab", "team", "image:1")
    code = Code("/work", 3, 9000, "ab")
    return compile_kubernetes(job, Found("torch", "named"), code, facts, "digits-7f3a", freight)


def test_pods_are_counted_by_role() -> None:
    two = {"chief": {"nodes": {"minimum": 1, "maximum": 1}}, "worker": {}}
    some = describe(plan(), "team").pods + describe(plan(**two), "team").pods

    assert [(one.role, one.most, one.least) for one in some] == [
        ("worker", 3, 1),
        ("chief", 1, 1),
        ("worker", 1, 1),
    ]


def test_a_role_of_several_jobs_needs_every_one_of_them() -> None:
    made_ = plan()
    first = made_.manifests[0]
    alone = {**first, "spec": {**first["spec"], "completions": 1}}
    several = replace(made_, manifests=(alone, alone, *made_.manifests[1:]))

    assert [one.least for one in describe(several, "team").pods] == [1, 1]


def test_what_travels_is_not_sent_twice_but_its_size_is_known() -> None:
    wanted = describe(plan(), "team")
    held = [one.get("binaryData", {}) for one in wanted.objects if one["kind"] == "ConfigMap"]

    assert [set(one.values()) for one in held] == [{""}] * 3
    assert wanted.sizes["digits-7f3a-code-0"] == len(b"part one")
    assert wanted.sizes["digits-7f3a-agent"] > len(b"the agent")


def test_as_many_objects_are_tried_for_a_thousand_nodes_as_for_one() -> None:
    many = plan(worker={"nodes": {"minimum": 1000, "maximum": 1000}})

    assert len(describe(many, "team").objects) == len(describe(plan(), "team").objects)


def test_too_long_an_environment_is_a_wrong_request() -> None:
    assert judged(sizes, describe(plan(), "team")).refusals == ()
    found = judged(sizes, describe(plan(env={"LONG": "x" * 1024 * 1024}), "team")).refusals

    assert [one.request for one in found] == [True, True]
    assert "ConfigMap digits-7f3a-agent would hold 1,0" in found[0].text
    assert "256 KiB is the most" in found[1].text


@pytest.mark.parametrize(("size", "fits"), [(1024 * 1024, True), (1024 * 1024 + 1, False)])
def test_the_most_that_a_config_map_holds(size: int, fits: bool) -> None:
    wanted = request(objects=(made("ConfigMap", "code"),), sizes={"code": size})

    assert (judged(sizes, wanted).refusals == ()) is fits


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({one.NAME for one in CHECKS}) == len(CHECKS)


# -- what people read


def verdicts(**refusals: str) -> dict[str, Verdict]:
    """All checks', with a refusal where one is given."""
    texts = {name.replace("_", " "): text for name, text in refusals.items()}
    assert texts.keys() <= {one.NAME for one in CHECKS}
    return {
        one.NAME: Verdict((Refusal(texts[one.NAME], "do it"),) if one.NAME in texts else ())
        for one in CHECKS
    }


def told(**refusals: str) -> list[str]:
    return [name for name, _ in findings(verdicts(**refusals))]


@pytest.mark.parametrize(
    ("refusals", "names"),
    [
        ({}, []),
        ({"nodes": "a", "quota": "b"}, ["quota", "nodes"]),
        ({"namespace": "a", "rights": "b", "dry_run": "c", "image": "d"}, ["image", "namespace"]),
        ({"dry_run": "no PriorityClass with name high", "priority_class": "a"}, ["priority class"]),
        ({"dry_run": "no PriorityClass with name high"}, ["dry run"]),
        ({"dry_run": "maximum memory usage per Container is", "limits": "a"}, ["limits"]),
        ({"dry_run": "denied by policy", "limits": "a"}, ["limits", "dry run"]),
    ],
)
def test_each_thing_is_told_once(refusals: dict[str, str], names: list[str]) -> None:
    assert told(**refusals) == names


def test_all_findings_stand_in_one_report_each_with_its_remedy() -> None:
    found = [
        ("quota", Refusal("no room", "ask for less")),
        ("secrets", Refusal("no a", "create it")),
        ("secrets", Refusal("no b", "create it")),
        ("dry run", Refusal("denied")),
    ]

    assert report("digits cannot run in lab/team", found).splitlines() == [
        "digits cannot run in lab/team; nothing was created.",
        "  quota    no room",
        "           ask for less",
        "  secrets  no a",
        "  secrets  no b",
        "           create it",
        "  dry run  denied",
    ]

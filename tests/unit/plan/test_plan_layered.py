"""Objects of a run whose code is in its images: each rank's image becomes the one with the code."""

from __future__ import annotations

import copy

from rankzero.plan.kubernetes import layered
from rankzero.plan.kubernetes.pod import rank
from rankzero.plan.model import Plan

from .jobs import job, nodes
from .test_plan_kubernetes import objects, plan


def overlaid(image: str) -> dict[str, object]:
    return {"containers": [{"name": "rank", "image": image}]}


#: Images of the cluster, of a role, of an overlay; a Job for each node of one role; another
#: container.
MANY = job(
    roles={
        "worker": {"nodes": nodes(2), "place": [{"disk": "a"}, {"disk": "b"}]},
        "ps": {"image": "mine:1"},
        "chief": {"image": "mine:1", "pod": overlaid("theirs:1")},
        "evaluator": {"pod": {"containers": [{"name": "side", "image": "side:1"}]}},
    }
)


def ranks(made: Plan, key: str) -> list[str]:
    return [rank(one["spec"]["template"]["spec"])[key] for one in objects(made, "Job")]


def test_each_image_is_named_once_also_an_overlay_s() -> None:
    made = plan(MANY)
    assert sorted(layered.images(made.manifests)) == ["mine:1", "registry/torch:2", "theirs:1"]


def test_ranks_get_theirs_and_nothing_else_is_touched() -> None:
    made = plan(MANY)
    before = copy.deepcopy(made.manifests)
    images = {one: f"registry/code@{one}" for one in layered.images(made.manifests)}
    changed = layered.with_images(made.manifests, images)

    assert made.manifests == before
    again = layered.with_images(changed, {new: old for old, new in images.items()})
    assert again == before
    names = [
        one["image"]
        for made in changed
        if made["kind"] == "Job"
        for one in made["spec"]["template"]["spec"]["containers"]
    ]
    assert "side:1" in names
    assert sorted(set(names) - {"side:1"}) == sorted(images.values())


def test_what_machines_must_have_already_is_known() -> None:
    roles = {"worker": {"image": "mine:1", "pull": "Never"}, "ps": {"pull": "Always"}}
    assert layered.never_pulled(plan(job(roles=roles)).manifests) == ["mine:1"]

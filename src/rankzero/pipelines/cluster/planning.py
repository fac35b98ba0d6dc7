"""From a checked pipeline to all that it is made from on a cluster."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.backends.home import no_code
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.compiling import packed
from rankzero.backends.kubernetes.layering import Folder, on_images
from rankzero.backends.kubernetes.preflight import check
from rankzero.driver import facts, graph
from rankzero.driver.cluster import words
from rankzero.driver.facts import plain
from rankzero.pipelines.cluster import checking, volumes
from rankzero.pipelines.cluster.compiling import Compiling
from rankzero.pipelines.cluster.launching import Ready
from rankzero.pipelines.cluster.serving import Served
from rankzero.pipelines.cluster.there import There, runs
from rankzero.pipelines.cluster.travelling import inner_folder, named, scripts
from rankzero.pipelines.code import Code
from rankzero.pipelines.earlier import earlier, newest
from rankzero.pipelines.planning import Again, checked_folder, done_again, rerun
from rankzero.plan.kubernetes import driver, names, rights
from rankzero.plan.kubernetes.compiling import carried
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Plan
from rankzero.spec.given import Given
from rankzero.spec.names import run_id

if TYPE_CHECKING:
    from rankzero.backends.places import Place
    from rankzero.spec.pipelines.model import Pipeline

#: How many steps run at once unless it is said.
SLOTS = 16
#: Of so many earlier runs of a pipeline the results are known.
_EARLIER = 8


class Asked(NamedTuple):
    """How a pipeline is to be run on a cluster. slots: how many parts at once. account: the
    driver's ServiceAccount; None makes one. client: what drives it in the place of a pod.
    preflight: whether the cluster is asked beforehand."""

    slots: int | None = None
    account: str | None = None
    client: str | None = None
    preflight: bool = True


def prepared(
    place: Place,
    pipeline: Pipeline,
    again: Again,
    asked: Asked,
    file: Path | None,
    defaults: Given,
) -> Ready:
    """file: where the pipeline was read from, which is no code of its steps. defaults: what lies
    beneath each job.

    Errors: BadRequest, Refused.
    """
    cluster = Cluster(place.context, place.namespace)
    workdir = checked_folder(pipeline)
    skip = [*no_code(None), *([] if file is None else [file.absolute()])]
    for name, step in pipeline.steps.items():
        inner_folder(name, step, pipeline)  # before anything is packed
    folder = Folder(str(workdir), tuple(scripts(pipeline)), tuple(skip), tuple(named(pipeline)))
    travelling, freight, cargo = packed(folder, _registry(defaults))
    run = run_id(pipeline.name, secrets.token_hex(2))
    compiling = Compiling(
        pipeline,
        Facts(cluster.context, cluster.namespace),
        run,
        freight,
        travelling,
        Code(workdir, tuple(skip)),
        volumes.of_outputs(pipeline, run),
        defaults,
        lasting=asked.client is not None,
    )
    if cargo is not None:
        compiling = compiling._replace(lay=partial(on_images, cluster, cargo=cargo))
    compiled = compiling.all()
    before = runs(place, f"{names.NAME}={pipeline.name}")
    after = done_again(compiled.graph, again)
    known: tuple[facts.Fact, ...] = ()
    if again.since is not None:
        left = newest(before, pipeline)
        taken = earlier(left, pipeline, compiled.graph, again.since, after, lambda output: True)
        known = tuple(taken)
    plans = list(compiled.plans.values()) or [compiling.driver()]
    services = list(compiled.services.values())
    layers = next((plan.code.layers for plan in compiled.plans.values()), None)
    about = {
        **_about(pipeline, asked),
        "where": f"{cluster.context}/{cluster.namespace}",
        "rerun": rerun(compiled.graph, again, after),
        "note": travelling.note,
    }
    results = {} if again.everything else dict(_results(before))
    plan = {
        **about,
        "run": run,
        "known": results,
        "steps": graph.to_json(compiled.graph),
        "travels": replace(travelling, layers=layers).to_json(),
    }
    claims = volumes.made(pipeline, run)
    shared = [*claims, *carried(run, freight, _labels(run))]
    shared += [dict(one) for served in services for one in served.carried]
    blobs = {**plans[0].blobs, **dict(item for served in services for item in served.blobs)}
    wanted = _driver(run, about, asked, plans)
    wanted = wanted._replace(more=(*wanted.more, *_to_serve(services)))
    ready = Ready.of(wanted, plan, shared, blobs, known)._replace(layers=layers)
    if asked.preflight:
        _check(cluster, ready, plans)
        for served in services:
            rules = () if asked.client is None else _to_serve([served])
            checking.check(cluster, served.plan, pipeline.name, rules, claims)
    return ready


def _registry(defaults: Given) -> str | None:
    """Where the folder of all steps goes, if need be: a job's registry counts for what it lies
    beneath, and this lies beneath all."""
    said = defaults.entries.get("registry")
    return None if said is None else str(said.value)


def _about(pipeline: Pipeline, asked: Asked) -> dict[str, Any]:
    return {
        "name": pipeline.name,
        "workdir": pipeline.workdir,
        "slots": asked.slots or SLOTS,
        "params": {name: param.value for name, param in pipeline.params.items()},
    }


def _labels(run: str) -> dict[str, str]:
    return {names.MANAGED_BY: "rankzero", words.PIPELINE: run}


def _driver(run: str, about: dict[str, Any], asked: Asked, plans: list[Plan]) -> driver.Wanted:
    """The driver, whose pod is as those of the first command are, else of the first job: a job may
    name an image of its own."""
    job = next((plan for plan in plans if plan.job.framework == "plain"), plans[0]).job
    role = next(iter(job.roles.values()))
    return driver.Wanted(
        run=run,
        name=about["name"],
        image=str(role.image),
        about=about,
        account=asked.account,
        client=asked.client,
        pull_secrets=job.pull_secrets,
        user=role.user,
        python=job.python,
        ttl=int(max(plan.job.ttl for plan in plans)),
        more=tuple(dict.fromkeys(rule for plan in plans for rule in _unusual(plan))),
    )


def _unusual(plan: Plan) -> list[rights.Rule]:
    return [one for one in rights.needed(plan.manifests) if one not in rights.USUAL]


def _to_serve(services: list[Served]) -> tuple[rights.Rule, ...]:
    kinds = {one["kind"] for served in services for one in served.plan.manifests}
    carried = tuple(one["metadata"]["name"] for served in services for one in served.carried)
    called = tuple(str(served.body["service"]["name"]) for served in services)
    return tuple(driver.serving(kinds, called, carried)) if services else ()


def _results(before: list[There]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the newest of earlier runs handed on, by the keys of their contents."""
    for one in sorted(before, key=lambda one: one.created)[-_EARLIER:]:
        for event in one.events():
            fact = facts.from_event(event)
            if isinstance(fact, facts.Committed) and fact.key:
                yield fact.key, plain(fact.outputs)


def _check(cluster: Cluster, ready: Ready, plans: list[Plan]) -> None:
    """Each step is looked at as a run would be, with all that the pipeline has beside it; of steps
    whose pods are alike, one.

    Errors: BadRequest, Refused.
    """
    unlike = {_pods(plan): plan for plan in reversed(plans)}
    for plan in unlike.values():
        whole = (*plan.manifests, *ready.objects)
        check(cluster, replace(plan, manifests=whole, blobs={**plan.blobs, **ready.blobs}))


def _pods(plan: Plan) -> str:
    """What its Jobs ask for."""
    return json.dumps([one["spec"] for one in plan.manifests if one["kind"] == "Job"])

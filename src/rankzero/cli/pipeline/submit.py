"""From a checked pipeline to its end, or to its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rankzero.cli.pipeline.attached import attached, detached
from rankzero.cli.show import programs, terminal
from rankzero.cli.show.bar import on_its_way
from rankzero.cli.show.planned_steps import plan_lines, say_plan
from rankzero.errors import BadRequest
from rankzero.pipelines.folder import Pipelines
from rankzero.pipelines.here import Here
from rankzero.pipelines.launch import launch
from rankzero.pipelines.planning import Again, Planned, planned

if TYPE_CHECKING:
    from pathlib import Path

    from rankzero.backends.places import Place
    from rankzero.pipelines.cluster.launching import Ready
    from rankzero.spec.given import Given
    from rankzero.spec.pipelines.model import Pipeline


class Way(NamedTuple):
    """How a pipeline is to be run and shown. slots: see `planned`."""

    again: Again = Again()
    slots: int | None = None
    detach: bool = False
    dry_run: bool = False
    output: str = "text"


class OnCluster(NamedTuple):
    """Where, and how. by_client: whether this process is the driver. account: the driver's
    ServiceAccount; None makes one. defaults: what lies beneath each job."""

    place: Place
    defaults: Given
    by_client: bool = False
    account: str | None = None
    preflight: bool = True


def go(pipeline: Pipeline, file: Path | None, way: Way) -> int:
    """Start it, and follow it unless detached; returns the exit code. file: see `planned`."""
    pipelines = Pipelines()
    with pipelines.artifacts.lock.shared():  # until a ledger has what is taken over
        plan = planned(pipelines, pipeline, way.again, way.slots, file)
        if way.dry_run:
            return _dry_run(plan, pipeline, way)
        if way.output == "text":
            say_plan(terminal.err(), plan.run, plan.plan, pipeline)
        folder, lifeline = launch(pipelines, plan.run, plan.plan, plan.known, way.detach)
    if lifeline is None:
        return detached(Here(folder), way.output)
    return attached(Here(folder), lifeline, way.output)


def go_there(pipeline: Pipeline, file: Path | None, way: Way, there: OnCluster) -> int:
    """As `go`, on a cluster, where a driver of its own walks it, or this process."""
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.remembered import remember
    from rankzero.cli.pipeline.attached import check_stays, driven, followed
    from rankzero.pipelines.cluster.clients import Client
    from rankzero.pipelines.cluster.launching import launch
    from rankzero.pipelines.cluster.planning import Asked, prepared
    from rankzero.pipelines.cluster.there import named

    if there.by_client:
        check_stays(way.detach)
        _check_no_account(there.account)
    client = str(Client.me()) if there.by_client else None
    asked = Asked(way.slots, there.account, client, there.preflight)
    ready = prepared(there.place, pipeline, way.again, asked, file, there.defaults)
    plan = dict(ready.plan)
    if way.dry_run:
        return _dry_run_there(ready, pipeline, way)
    if way.output == "text":
        say_plan(terminal.err(), ready.run, plan, pipeline)
    cluster = Cluster(there.place.context, there.place.namespace)
    remember(cluster.context, cluster.namespace)
    with on_its_way() as tell:
        launch(cluster, ready, tell)
    run = named(there.place, ready.run)
    if there.by_client:
        return driven(run.drive(), way.output)
    return detached(run, way.output) if way.detach else followed(run, way.output)


def _check_no_account(account: str | None) -> None:
    """Errors: BadRequest."""
    if account is not None:
        raise BadRequest(
            "--service-account: a client that drives a pipeline has your rights, and no account.",
            "Leave out --service-account, or --driver client.",
        )


def _dry_run_there(ready: Ready, pipeline: Pipeline, way: Way) -> int:
    if way.output == "json":
        programs.print_json({**ready.plan, "manifests": list(ready.objects)})
        return 0
    for line in plan_lines(ready.run, dict(ready.plan), pipeline):
        terminal.out().say(line)
    for one in ready.objects:
        terminal.out().say(f"  creates {one['kind']} {one['metadata']['name']}")
    return 0


def _dry_run(plan: Planned, pipeline: Pipeline, way: Way) -> int:
    if way.output == "json":
        programs.print_json({"run": plan.run, **plan.plan})
        return 0
    for line in plan_lines(plan.run, plan.plan, pipeline):
        terminal.out().say(line)
    return 0

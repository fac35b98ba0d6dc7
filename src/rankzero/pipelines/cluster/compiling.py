"""From what the user asks for to what a driver on a cluster walks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any, NamedTuple

from rankzero import spec
from rankzero.agent.config import AgentConfig
from rankzero.backends.kubernetes.images import with_images
from rankzero.driver.cluster import words
from rankzero.driver.graph import PATH, Graph, graph
from rankzero.driver.graph import Step as Compiled
from rankzero.errors import BadRequest
from rankzero.pipelines.cluster import volumes
from rankzero.pipelines.code import Code
from rankzero.plan.kubernetes import Facts, Freight, compile_kubernetes, sending
from rankzero.plan.model import Code as Travelling
from rankzero.plan.model import Plan
from rankzero.spec.given import Given
from rankzero.spec.model import Job
from rankzero.spec.params import escape
from rankzero.spec.pipelines.coherence import edges
from rankzero.spec.pipelines.model import Pipeline, Step

#: How long the agents of a step stay for one who reads its last lines (seconds).
_LOOKED_AT = 10.0


class Steps(NamedTuple):
    """The graph, and each step's plan as it would be for one attempt."""

    graph: Graph
    plans: dict[str, Plan]


class Compiling(NamedTuple):
    """What all steps of a pipeline are compiled with. carrier: the pipeline's run. volume: the
    claim on which artifacts lie; None where there is none. code: what travels."""

    pipeline: Pipeline
    facts: Facts
    carrier: str
    freight: Freight
    travelling: Travelling
    code: Code
    volume: str | None
    defaults: Given

    def all(self) -> Steps:
        """Errors: BadRequest, SpecError, Refused."""
        steps, plans = [], {}
        for name, step in self.pipeline.steps.items():
            plans[name] = self._plan(name, step)
            steps.append(self._step(name, step, plans[name]))
        return Steps(graph(steps), plans)

    # -- inside

    def _plan(self, name: str, step: Step) -> Plan:
        job = self._job(name, step)
        found = spec.detect(job)
        job, image = with_images(job, found.framework)
        run = words.template(self.carrier)
        freight = replace(self.freight, carrier=self.carrier)
        plan = compile_kubernetes(job, found, self.travelling, self.facts, run, freight)
        return replace(plan, image=image)

    def _job(self, name: str, step: Step) -> Job:
        """The step as a job. A command is one of one node; its texts are filled in there."""
        env = {**self.pipeline.env, **step.env}
        data: dict[str, Any]
        if step.job is not None:
            data = {**step.job, "env": {**env, **step.job["env"]}}
        else:
            beneath = {"run": {"command": ["true"]}, "framework": "plain", "name": name}
            base = spec.build(beneath, base=self.pipeline.workdir, defaults=self.defaults)
            # What is no pipeline's own names nothing, and is not to be filled in.
            beneath_it = {key: escape(text) for key, text in base.env.items()}
            data = {**base.to_json(), "env": {**beneath_it, **env}}
            data["run"] = {**data["run"], "command": list(step.command or ())}
        data["workdir"] = self.pipeline.workdir
        # A role's: what a mount says of a part, or of reading alone, is not said of the outputs.
        mounted = volumes.mounted(self.pipeline, step, self.carrier)
        data["roles"] = {
            role: {**one, "volumes": {**one["volumes"], **mounted}}
            for role, one in data["roles"].items()
        }
        self._check_volume(name, step, data)
        data["output_volume"] = self.volume or data.get("output_volume")
        data["name"] = self.pipeline.name
        return spec.again(data)

    def _check_volume(self, name: str, step: Step, data: dict[str, Any]) -> None:
        if PATH not in step.outputs.values() or self.volume or data.get("output_volume"):
            return
        raise BadRequest(
            f"{name} hands on files, and on a cluster steps have no disk in common.",
            "Name a volume that all of them can mount: output_volume: NAME, in the pipeline's file "
            "or the profile",
        )

    def _step(self, name: str, step: Step, plan: Plan) -> Compiled:
        said = {"job": step.job} if step.job is not None else {"argv": list(step.command or ())}
        body = {**self._body(plan), **said}
        # What lies on another volume is nothing that a later step could take.
        where = plan.job.output_volume
        code = self.code.digest(step.code) if step.cached else ""
        told = [self._said(step), plan.image, where, code]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return edges(name, step)._replace(
            gives=dict(step.outputs),
            items=None if isinstance(step.for_each, str) else step.for_each,
            retries=step.retries,
            timeout=step.timeout,
            key=digest if step.cached else "",
            body=body,
        )

    def _said(self, step: Step) -> list[Any]:
        return [list(step.command or ()), step.job, {**self.pipeline.env, **step.env}]

    def _body(self, plan: Plan) -> dict[str, Any]:
        """See `driver.cluster.parts`."""
        first = sending.first(plan, 0.0)
        manifests = [first, *(dict(one) for one in plan.manifests[1:])]
        for one in manifests:
            _belongs(one["metadata"], self.carrier)
            if one["kind"] == "Job":
                _belongs(one["spec"]["template"]["metadata"], self.carrier)
        role = plan.agents[0].role
        configs = {agent.role: _leaving(agent).to_json() for agent in plan.agents}
        return {
            "manifests": manifests,
            "configs": configs,
            "role": role,
            "outputs": plan.agents[0].outputs,
            "queue": plan.job.queue,
            "env": {},
        }


def _leaving(agent: AgentConfig) -> AgentConfig:
    """Nobody fetches what a step leaves: the next one waits for its end."""
    limits = agent.limits._replace(expect=0.0, others=_LOOKED_AT, linger=_LOOKED_AT)
    return agent._replace(index=0, limits=limits)


def _belongs(metadata: dict[str, Any], run: str) -> None:
    metadata["labels"] = {**metadata["labels"], words.PIPELINE: run}

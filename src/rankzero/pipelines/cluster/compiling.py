"""From what the user asks for to what a driver on a cluster walks."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from rankzero import spec
from rankzero.agent.config import AgentConfig
from rankzero.backends.kubernetes.images import with_images
from rankzero.driver.cluster import words
from rankzero.driver.graph import PATH, Graph, graph
from rankzero.driver.graph import Step as Compiled
from rankzero.errors import BadRequest
from rankzero.pipelines.cluster import serving, volumes
from rankzero.pipelines.cluster.serving import Served
from rankzero.pipelines.cluster.travelling import inner_folder
from rankzero.pipelines.code import Code
from rankzero.pipelines.compiling import as_driven, wherever
from rankzero.pipelines.telling import of_step
from rankzero.plan.kubernetes import sending
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code as Travelling
from rankzero.plan.model import Plan
from rankzero.script import step as function
from rankzero.spec.given import Given
from rankzero.spec.model import Job
from rankzero.spec.params import escape
from rankzero.spec.pipelines.coherence import cached
from rankzero.spec.pipelines.model import Pipeline, Step

#: How long the agents of a step stay for one who reads its last lines (seconds).
_LOOKED_AT = 10.0
_TTL = "ttlSecondsAfterFinished"


#: What becomes of the steps' plans where their code is to be laid on their images.
Lay = Callable[[list[Plan]], list[Plan]]


class Steps(NamedTuple):
    """The graph; each step's plan as it would be for one attempt; and those that are services."""

    graph: Graph
    plans: dict[str, Plan]
    services: dict[str, Served]


class Compiling(NamedTuple):
    """What all steps of a pipeline are compiled with. carrier: the pipeline's run. volume: the
    claim on which artifacts lie; None where there is none. code: what travels. lasting: whether
    what is left of a step stays as long as its pipeline, and not its own time to live: its driver
    may be away for longer, and would not find it. lay: puts the code on images, where it travels
    so."""

    pipeline: Pipeline
    facts: Facts
    carrier: str
    freight: Freight
    travelling: Travelling
    code: Code
    volume: str | None
    defaults: Given
    lasting: bool = False
    lay: Lay = list

    def all(self) -> Steps:
        """Errors: BadRequest, SpecError, Refused."""
        steps = self.pipeline.steps
        services = {name: self._service(name) for name, one in steps.items() if one.service}
        jobs = [name for name in steps if name not in services]
        laid = self.lay([self._plan(name, steps[name]) for name in jobs])
        plans = dict(zip(jobs, laid, strict=True))
        driven = [
            as_driven(name, step, services[name].body)
            if name in services
            else self._step(name, step, plans[name])
            for name, step in steps.items()
        ]
        return Steps(graph(driven), plans, services)

    def driver(self) -> Plan:
        """Of a pod like those of steps that say nothing of theirs."""
        return self._plan(words.DRIVER, Step.model_validate({"command": ("true",)}))

    # -- inside

    def _plan(self, name: str, step: Step) -> Plan:
        job = self._job(name, step)
        found = spec.detect(job)
        job, image = with_images(job, found.framework)
        run = words.template(self.carrier)
        freight = replace(self.freight, carrier=self.carrier)
        plan = compile_kubernetes(job, found, self.travelling, self.facts, run, freight)
        return replace(plan, image=image)

    def _service(self, name: str) -> Served:
        with of_step(name):
            return serving.compiled(name, self.pipeline, self.facts, self.carrier, self.volume)

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
            data = {**data, **_as_run(data["run"], list(step.command or ()))}
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
        body = {**self._body(plan, inner_folder(name, step, self.pipeline)), **said}
        # What lies on another volume is nothing that a later step could take.
        where = plan.job.output_volume
        known = cached(self.pipeline, name)
        code = self.code.digest(step.code) if known else ""
        told = [self._said(step), plan.image, where, code]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return as_driven(name, step, body)._replace(key=digest if known else "")

    def _said(self, step: Step) -> list[Any]:
        job = None if step.job is None else wherever(step.job, self.pipeline)
        return [list(step.command or ()), job, {**self.pipeline.env, **step.env}]

    def _body(self, plan: Plan, within: str) -> dict[str, Any]:
        """See `driver.cluster.parts`. within: where it works in the folder that travels."""
        first = sending.first(plan, 0.0)
        manifests = [first, *(dict(one) for one in plan.manifests[1:])]
        for one in manifests:
            _belongs(one["metadata"], self.carrier)
            if one["kind"] == "Job":
                _belongs(one["spec"]["template"]["metadata"], self.carrier)
                if self.lasting:
                    one["spec"] = {key: v for key, v in one["spec"].items() if key != _TTL}
        role = plan.agents[0].role
        configs = {agent.role: _leaving(_working(agent, within)).to_json() for agent in plan.agents}
        return {
            "manifests": manifests,
            "configs": configs,
            "role": role,
            "outputs": plan.agents[0].outputs,
            "queue": plan.job.queue,
            "env": {},
        }


def _as_run(run: dict[str, Any], argv: list[str]) -> dict[str, Any]:
    """A step's command as a job says it. A function is a module: its rank's starter records what it
    raises, as it cannot for a command."""
    if argv[1:3] == ["-m", function.MODULE]:
        return {"run": {**run, "command": None, "module": function.MODULE}, "args": argv[3:]}
    return {"run": {**run, "command": argv}}


def _working(agent: AgentConfig, within: str) -> AgentConfig:
    """The whole folder is there, and the ranks begin where their job does."""
    if within == "." or agent.code is None:
        return agent
    code = agent.code._replace(into=agent.workdir)
    return agent._replace(code=code, workdir=posixpath.join(agent.workdir, within))


def _leaving(agent: AgentConfig) -> AgentConfig:
    """Nobody fetches what a step leaves: the next one waits for its end."""
    limits = agent.limits._replace(expect=0.0, others=_LOOKED_AT, linger=_LOOKED_AT)
    return agent._replace(index=0, limits=limits)


def _belongs(metadata: dict[str, Any], run: str) -> None:
    metadata["labels"] = {**metadata["labels"], words.PIPELINE: run}

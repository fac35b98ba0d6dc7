"""Runs on `support.apiserver`, submitted as they always are, and pods as a cluster makes them."""

from __future__ import annotations

from typing import Any

from rankzero.backends.kubernetes import runs, submitting
from rankzero.backends.kubernetes.state import Found
from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code
from rankzero.spec.framework import Found as Framework
from rankzero.spec.model import Job
from support.apiserver import BORN, ApiServer, Object

PYTHON = "/opt/python"


def submit(api: ApiServer, run: str = "digits-7f3a", **said: Any) -> Found:
    """said: what of a job for two workers is otherwise."""
    workers = {"worker": {"nodes": {"minimum": 2, "maximum": 2}}}
    base = {"name": "digits", "run": {"script": "train.py"}, "workdir": "/work", "python": PYTHON}
    made = Job.model_validate({**base, "roles": workers, **said})
    facts, code = Facts("lab", "team", "python:3"), Code("/work", 1, 9, "ab" * 32)
    freight = Freight(b"the agent", (b"code",), "ab" * 32)
    plan = compile_kubernetes(made, Framework("plain", "said"), code, facts, run, freight)
    submitting.submit(api.cluster(), plan)
    return runs.one(api.cluster(), run)


def pod(
    api: ApiServer, found: Found, node: str = "worker/0", machine: str = "a", **more: Any
) -> Object:
    """The pod of a node; it runs where it has a machine, else the scheduler has refused it."""
    role, _, index = node.partition("/")
    labels = {names.RUN: found.run, names.ROLE: role, names.INDEX: index}
    labels |= {names.MANAGED_BY: "rankzero", names.OF_JOB: f"{found.run}-{role}"}
    spec = dict(api.api.one("Job", f"{found.run}-{role}")["spec"]["template"]["spec"])
    spec |= {"nodeName": machine} if machine else {}
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    waits = {"phase": "Pending", "conditions": [{**refused, "message": "0/1 nodes: no room"}]}
    runs_ = {"phase": "Running", "startTime": BORN, "podIP": "10.0.0.1"}
    status = {**(runs_ if machine else waits), **more.pop("status", {})}
    name = more.pop("name", f"{found.run}-{role}-{index}-x")
    return api.put("Pod", name, labels=labels, spec=spec, status=status, **more)

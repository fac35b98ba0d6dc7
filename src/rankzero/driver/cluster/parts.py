"""The objects of one attempt, from what was compiled for all attempts of its step. Pure."""

import base64
import json
from typing import Any, Dict, List, Mapping, Tuple

from rankzero.agent.artifacts import Output
from rankzero.agent.healing.pods import INDEX, ROLE
from rankzero.agent.pod import SUBMITTED
from rankzero.driver.cluster import words
from rankzero.driver.cluster.jobs import CREATED
from rankzero.driver.engine import Given, Start
from rankzero.driver.graph import Graph, kinds
from rankzero.driver.words import Words

#: Where a part's inputs are laid out in its pods.
INPUTS = "/rankzero/run/inputs"
Object = Dict[str, Any]


def objects(
    run: str, graph: Graph, start: Start, token: str, owner: Mapping[str, Any], now: float
) -> Tuple[Object, List[Object]]:
    """(the first Job, suspended; what it owns). token: the run's secret. owner: of the first Job.

    Of a step's body, `manifests` are a run's as for `backends.kubernetes`, the first Job first;
    `configs` say by role what its nodes are told; `outputs` is where they leave what they hand on.
    """
    body = graph[start.part.step].body
    own, template = words.part(run, start.number), words.template(run)
    outputs = body["outputs"].replace(template, own)
    said = _words(graph, start, outputs)
    configs = {role: _config(one, said, start, graph) for role, one in body["configs"].items()}
    made = _named([body["manifests"], configs], template, own)
    manifests, configs = made
    for manifest in manifests:
        if manifest["kind"] == "Secret":
            manifest["data"] = {"token": base64.b64encode(token.encode()).decode()}
        if manifest["kind"] == "ConfigMap":
            texts = {role + ".json": json.dumps(one) for role, one in configs.items()}
            manifest["data"] = texts
    first, *others = manifests
    first["metadata"]["ownerReferences"] = [dict(owner)]
    notes = first["metadata"]["annotations"]
    notes[CREATED] = repr(now)
    _tell_when(first, now)
    return first, others


def _tell_when(job: Object, now: float) -> None:
    """Its coordinator writes down when it was submitted."""
    for container in job["spec"]["template"]["spec"]["containers"]:
        for one in container.get("env", ()):
            if one["name"] == SUBMITTED:
                one["value"] = repr(now)


def _words(graph: Graph, start: Start, outputs: str) -> Words:
    step = graph[start.part.step]
    return Words(step, start, kinds(graph, step), INPUTS, outputs)


def _config(config: Mapping[str, Any], said: Words, start: Start, graph: Graph) -> Dict[str, Any]:
    """What nodes of a role are told: its command and environment with what they name."""
    filled = {key: said.fill_all(config[key]) for key in ("command", "env", "workdir")}
    environment = {**said.environment, **filled["env"]}
    environment.pop("RANKZERO_OUTPUTS")  # its agent says it
    step = {
        "inputs": {name: _plain(given) for name, given in start.inputs.items()},
        "folder": INPUTS,
        "gives": dict(graph[start.part.step].gives),
    }
    return {**config, **filled, "env": environment, "step": step}


def _plain(given: Given) -> Any:
    if isinstance(given, Output):
        return {key: value for key, value in given._asdict().items() if value}
    return [_plain(one) for one in given]


def _named(data: Any, template: str, own: str) -> Any:
    """A copy with the run's id in the place of the template's, in keys and in texts."""
    if isinstance(data, str):
        return data.replace(template, own)
    if isinstance(data, dict):
        return {_named(key, template, own): _named(one, template, own) for key, one in data.items()}
    return [_named(one, template, own) for one in data] if isinstance(data, list) else data


def coordinates(labels: Mapping[str, str], role: str) -> bool:
    """Whether a pod with these labels is the first of its run."""
    return labels.get(ROLE) == role and labels.get(INDEX) == "0"

"""A service's objects, from what was compiled for its step and what that takes. Pure."""

import copy
import json
from typing import Any, Dict, List

from rankzero.agent.server import CONFIG
from rankzero.driver.engine import Given, Start
from rankzero.driver.facts import Output
from rankzero.driver.graph import Graph, kinds
from rankzero.driver.words import Words

Object = Dict[str, Any]


def manifests(graph: Graph, start: Start) -> List[Object]:
    """The Deployment first. Kubernetes fills `$(NAME)` into what a container is told, so what comes
    from a step must not look like that."""
    made: List[Object] = copy.deepcopy(graph[start.part.step].body["service"]["manifests"])
    inputs = {name: _plainly(given) for name, given in start.inputs.items()}
    said = _words(graph, start._replace(inputs=inputs))
    pods = made[0]["spec"]["template"]["spec"]
    made[0]["spec"]["template"]["spec"] = _filled(said, pods)
    return made


def request(graph: Graph, start: Start) -> Object:
    """What is asked for, as it is kept with the version."""
    found: Object = _words(graph, start).fill_all(graph[start.part.step].body["service"]["request"])
    return found


# -- inside


def _words(graph: Graph, start: Start) -> Words:
    step = graph[start.part.step]
    volume = step.body["service"]["volume"]
    inputs = {name: _on_volume(given, volume) for name, given in start.inputs.items()}
    return Words(step, start._replace(inputs=inputs), kinds(graph, step), "", "")


def _on_volume(given: Given, volume: str) -> Given:
    """By its place on the volume of what was handed on, which services mount elsewhere."""
    if not isinstance(given, Output) or not given.where.startswith(volume + "/"):
        return given
    return given._replace(where=given.where[len(volume) + 1 :])


def _filled(said: Words, data: Any) -> Any:
    """As `Words.fill_all`, but that what the server is told stays JSON."""
    if isinstance(data, dict):
        if data.get("name") == CONFIG:
            told = said.fill_all(json.loads(data["value"]))
            return {"name": CONFIG, "value": json.dumps(told, sort_keys=True)}
        return {said.fill(key): _filled(said, one) for key, one in data.items()}
    if isinstance(data, list):
        return [_filled(said, one) for one in data]
    return said.fill(data) if isinstance(data, str) else data


def _plainly(given: Given) -> Given:
    if not isinstance(given, Output):
        return tuple(one._replace(value=one.value.replace("$(", "$$(")) for one in given)
    return given._replace(value=given.value.replace("$(", "$$("))

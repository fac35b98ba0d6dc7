"""What a cluster on this machine is to be: from options, or a file of YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.errors import BadRequest
from rankzero.spec import reading
from rankzero.spec.given import Given
from rankzero.spec.problems import Problem, SpecError, did_you_mean

#: A port of every node, where a NodePort may lie.
_NODE_PORTS = range(30000, 32768)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_MOST_NODES = 50


class HostPort(NamedTuple):
    """host: a port of this machine. node: the one of a node that it leads to."""

    host: int
    node: int


class Wanted(NamedTuple):
    """nodes: machines that work. control_planes: machines that rule; where there are no nodes they
    work as well. registry: a port of this machine for images, None for none. version: of
    Kubernetes, empty for the tool's own."""

    name: str = "rankzero"
    nodes: int = 1
    control_planes: int = 1
    gpus: bool = False
    host_ports: tuple[HostPort, ...] = ()
    registry: int | None = 5001
    version: str = ""


def read(file: str | None, options: Mapping[str, Any]) -> Wanted:
    """Options count more than the file. Errors: SpecError, with every problem of the file;
    BadRequest for an option."""
    said = {key: value for key, value in options.items() if value is not None}
    if said.pop("no_registry", False):
        said["registry"] = None
    if file is not None:
        problems: list[Problem] = []
        tree = reading.read_text(reading.read_file(file), file, problems)
        said = {**_of_file(tree, problems), **said}
        if problems:
            raise SpecError(problems)
    found = Wanted(**said)
    if fault := _fault(found):
        raise BadRequest(f"{fault}.")
    return found


def host_port(text: str) -> HostPort:
    """`8080:30080`. Errors: ValueError."""
    host, colon, node = text.partition(":")
    if not colon or not host.isdecimal() or not node.isdecimal():
        raise ValueError(f'"{text}" is no HOST:NODE, such as 8080:30080')
    found = HostPort(int(host), int(node))
    if not 0 < found.host < 65536:
        raise ValueError(f"{host} is no port")
    if found.node not in _NODE_PORTS:
        raise ValueError(f"{node} is no port of a node: those are 30000 to 32767")
    return found


def _of_file(tree: Given, problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, given in tree.entries.items():
        if key not in Wanted._fields:
            said = f"unknown key{did_you_mean(key, Wanted._fields)}"
            problems.append(Problem(given.place, said))
            continue
        try:
            found[key] = _READ[key](given)
        except (ValueError, TypeError) as error:
            problems.append(Problem(given.place, str(error)))
    return found


def _number(given: Given) -> int:
    found = given.plain()
    if isinstance(found, bool) or not isinstance(found, int):
        raise ValueError("must be a whole number")
    return found


def _text(given: Given) -> str:
    return str(given.as_text().plain())


def _yes(given: Given) -> bool:
    if not isinstance(given.plain(), bool):
        raise ValueError("must be true or false")
    return bool(given.plain())


def _port(given: Given) -> int | None:
    found = given.plain()
    return None if found is None or found is False else _number(given)  # 0 is no port, and not none


def _ports(given: Given) -> tuple[HostPort, ...]:
    found = given.plain()
    if not isinstance(found, list):
        raise ValueError('must be a list, such as ["8080:30080"]')
    return tuple(host_port(str(one)) for one in found)


_READ = {
    "name": _text,
    "nodes": _number,
    "control_planes": _number,
    "gpus": _yes,
    "host_ports": _ports,
    "registry": _port,
    "version": _text,
}


def name_fault(name: str) -> str:
    """Why no cluster can be called so; empty where one can."""
    if _NAME.fullmatch(name):
        return ""
    return f'"{name}" is no name: at most 40 lower-case letters, digits and dashes'


def _fault(wanted: Wanted) -> str:
    if fault := name_fault(wanted.name):
        return fault
    if not 0 <= wanted.nodes <= _MOST_NODES:
        return f"nodes: there can be 0 to {_MOST_NODES} of them"
    if not 1 <= wanted.control_planes <= 5 or wanted.control_planes % 2 == 0:
        return "control_planes: there must be 1, 3 or 5, of which more than half agree"
    if wanted.registry is not None and not 0 < wanted.registry < 65536:
        return f"registry: {wanted.registry} is no port"
    hosts = [one.host for one in wanted.host_ports] + [wanted.registry]
    if len(set(hosts)) < len(hosts):
        return "host_ports: one port of this machine is named twice"
    if wanted.version and not re.fullmatch(r"v?\d+\.\d+(\.\d+)?", wanted.version):
        return f'version: "{wanted.version}" is none, such as 1.34.0'
    return ""

"""How a form says what may be another number or name each time it is used."""

from __future__ import annotations

from typing import Protocol

from rankzero.export.model import Outline, Part
from rankzero.spec.params import text_of, unmarked

#: Where rank 0 listens, and TensorFlow's tasks do, where the job says nothing.
MASTER_PORT, TENSORFLOW_PORT = 29500, 2222
_IN_CLUSTER = ("chief", "worker", "ps")
TASKS = (*_IN_CLUSTER, "evaluator")


class Terms(Protocol):
    """Each is a text, or a number, or what a template makes one of."""

    @property
    def name(self) -> str:
        """What all objects are called after."""

    def host(self, part: Part, number: int | str) -> str:
        """Where a pod is reached, within its namespace."""

    def pods(self, part: Part) -> int | str:
        """How many a part has."""

    def before(self, part: Part) -> str:
        """How many pods the parts before it have."""

    def each(self, part: Part) -> str:
        """How many ranks a pod of it starts."""

    def nodes(self) -> str:
        """How many pods there are."""

    def world(self) -> str:
        """How many ranks there are."""

    def port(self) -> str:
        """Where rank 0 listens."""

    def named_port(self, part: Part, name: str) -> str:
        """One of the role's ports."""

    def devices(self, part: Part) -> str:
        """The numbers of a pod's GPUs, where there are several."""

    def text(self, said: str) -> str:
        """A text of the job, which may name params."""

    def cluster(self) -> str:
        """TensorFlow's tasks with their addresses: a JSON object."""


class Plainly:
    """As the job says it."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline

    @property
    def name(self) -> str:
        return self._outline.job.name

    def host(self, part: Part, number: int | str) -> str:
        return f"{self.name}-{part.role}-{number}.{self.name}"

    def pods(self, part: Part) -> int | str:
        return part.pods

    def before(self, part: Part) -> str:
        return str(part.first)

    def each(self, part: Part) -> str:
        return str(part.each)

    def nodes(self) -> str:
        return str(sum(part.pods for part in self._outline.parts))

    def world(self) -> str:
        return str(sum(part.pods * part.each for part in self._outline.parts))

    def port(self) -> str:
        return str(master_port(self._outline))

    def named_port(self, part: Part, name: str) -> str:
        return str(part.asked.ports[name])

    def devices(self, part: Part) -> str:
        gpus = part.asked.gpus or 0
        return ",".join(map(str, range(gpus))) if gpus > 1 else ""

    def text(self, said: str) -> str:
        params = self._outline.job.params
        return unmarked(said, lambda name: text_of(params[name].value))

    def cluster(self) -> str:
        lines = []
        for task, parts in tasks(self._outline).items():
            hosts = [
                f'"{self.host(part, at)}:{tensorflow_port(part)}"'
                for part in parts
                for at in range(part.pods)
            ]
            lines.append(f'    "{task}": [{", ".join(hosts)}]')
        return "{\n" + ",\n".join(lines) + "\n  }"


def master(outline: Outline, terms: Terms) -> str:
    """Where rank 0 is reached."""
    return terms.host(outline.parts[0], 0)


def master_port(outline: Outline) -> int:
    return outline.job.torch.port or MASTER_PORT


def tensorflow_port(part: Part) -> int:
    return part.asked.ports.get("tensorflow", TENSORFLOW_PORT)


def tasks(outline: Outline) -> dict[str, list[Part]]:
    """TensorFlow's tasks, each with its roles: those that it knows by name, else the only one as
    workers."""
    known = [part for part in outline.parts if part.role in TASKS]
    if not known:
        return {"worker": list(outline.parts)}
    return {part.role: [part] for part in known if part.role in _IN_CLUSTER}

"""How templates name what is in the values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rankzero.export.model import Outline, Part
from rankzero.export.terms import Terms, tasks, tensorflow_port
from rankzero.export.text import expression
from rankzero.spec.model import Param
from rankzero.spec.params import unmarked

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def at(path: str, name: str) -> str:
    """A key of a mapping in the values."""
    return f"{path}.{name}" if _PLAIN.fullmatch(name) else f"(index {path} `{name}`)"


def role(part: Part) -> str:
    return at(".Values.roles", part.role)


def param(name: str, params: Mapping[str, Param]) -> str:
    """A param's value in a text. Large whole numbers are floating ones for Helm, and look so."""
    value = at(".Values.params", name)
    return expression(f"int64 {value}" if params[name].type == "int" else value)


def shared(outline: Outline, name: str) -> str:
    """A named template of this chart, filled in."""
    return f'include "{outline.job.name}.{name}" .'


def several(outline: Outline) -> bool:
    """Whether a pod starts more than one rank."""
    return any(part.each > 1 for part in outline.parts)


class Words(Terms):
    """The terms of a chart: `$role` is what the values say of the template's role."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline

    @property
    def name(self) -> str:
        return expression(".Release.Name")

    def host(self, part: Part, number: int | str) -> str:
        return f"{self.name}-{part.role}-{number}.{self.name}"

    def pods(self, part: Part) -> int | str:
        return expression("$role.nodes")

    def before(self, part: Part) -> str:
        before = [one for one in self._outline.parts if one.first < part.first]
        return expression(_sum(before))

    def each(self, part: Part) -> str:
        return expression(".Values.ranks") if several(self._outline) else "1"

    def nodes(self) -> str:
        return expression(_sum(self._outline.parts))

    def world(self) -> str:
        if several(self._outline):
            return expression(f"mul (int .Values.ranks) ({_sum(self._outline.parts)})")
        return self.nodes()

    def port(self) -> str:
        return expression(".Values.masterPort")

    def named_port(self, part: Part, name: str) -> str:
        return expression(at("$role.ports", name))

    def devices(self, part: Part) -> str:
        return expression('until (max 1 $role.gpus | int) | join ","')

    def text(self, said: str) -> str:
        params = self._outline.job.params
        return unmarked(said, lambda name: param(name, params))

    def cluster(self) -> str:
        return expression(shared(self._outline, "cluster"))

    @staticmethod
    def count(part: Part) -> str:
        """A part's number of pods, for a text."""
        return f"{role(part)}.nodes"

    def tasks(self) -> str:
        """The body of the template of TensorFlow's tasks."""
        lines = ["{{- $cluster := dict }}"]
        for task, parts in tasks(self._outline).items():
            lines.append("{{- $hosts := list }}")
            for part in parts:
                address = f"%s-{part.role}-%d.%s"
                port = f"int (default {tensorflow_port(part)} {role(part)}.ports.tensorflow)"
                lines += [
                    f"{{{{- range $number := until (int {role(part)}.nodes) }}}}",
                    f'{{{{- $host := printf "{address}:%d" $.Release.Name $number $.Release.Name '
                    f"({port.replace('.Values', '$.Values')}) }}}}",
                    "{{- $hosts = append $hosts $host }}",
                    "{{- end }}",
                ]
            lines.append(f'{{{{- $_ := set $cluster "{task}" $hosts }}}}')
        return "\n".join([*lines, "{{- toJson $cluster }}"])


def _sum(parts: list[Part] | tuple[Part, ...]) -> str:
    counts = [f"int {Words.count(part)}" for part in parts]
    return counts[0] if len(counts) == 1 else "add " + " ".join(f"({one})" for one in counts)

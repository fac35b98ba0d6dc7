"""A pipeline's graph as a picture: lines for a terminal, SVG, Mermaid."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.cli.show.lines import visible
from rankzero.driver import facts
from rankzero.errors import BadRequest
from rankzero.spec.pipelines.functions.loading import is_python

if TYPE_CHECKING:
    from rankzero.cli.show.terminal import Screen
    from rankzero.driver.graph import Graph, Step
    from rankzero.script.steps import Pipeline as Written
    from rankzero.spec.pipelines.model import Pipeline

#: Fill, stroke and text of a step by its state; legible beside each other for those who see no
#: red or green, for each also says its state in words.
_COLOURS = {
    "": ("#eef2f7", "#64748b", "#0f172a"),
    facts.WAITING: ("#f8fafc", "#94a3b8", "#334155"),
    facts.RUNNING: ("#e0f2fe", "#0284c7", "#0c4a6e"),
    facts.SUCCEEDED: ("#dcfce7", "#16a34a", "#14532d"),
    facts.FAILED: ("#fee2e2", "#dc2626", "#7f1d1d"),
    facts.STOPPED: ("#fef3c7", "#d97706", "#78350f"),
    facts.SKIPPED: ("#f1f5f9", "#cbd5e1", "#64748b"),
    facts.BLOCKED: ("#f1f5f9", "#d97706", "#64748b"),
}
_HEIGHT, _GAP, _BETWEEN, _EDGE = 44, 18, 70, 16
_LETTER = 7.4


class Node(NamedTuple):
    """A step to draw. state: empty for one of a file."""

    step: Step
    state: str
    layer: int

    def to_json(self) -> dict[str, Any]:
        step = self.step
        return {
            "step": step.name,
            "state": self.state or None,
            "needs": list(step.needs),
            "takes": {name: ".".join(source) for name, source in step.takes.items()},
            "gives": dict(step.gives),
            "when": step.when,
            "each": ".".join(step.items_of) if step.items_of else step.items,
        }


def nodes_of(what: str, sets: Sequence[str]) -> list[Node]:
    """Of a pipeline's file, or of a run. Errors: BadRequest, SpecError."""
    file = what.endswith((".yaml", ".yml", ".json")) or is_python(what)
    if file or "/" in what or Path(what).is_file():
        return _layered(_of_file(what, sets), {})
    from rankzero.pipelines.finding import find
    from rankzero.pipelines.progress import Progress

    folder = find(what)
    graph = folder.graph()
    progress = Progress(graph, folder.events())
    return _layered(graph, {one.name: one.state for one in progress.steps()})


def show_pipeline(
    pipeline: str | os.PathLike[str] | Written[..., Any],
    output: str = "text",
    params: Mapping[str, Any] | None = None,
) -> str:
    """The graph of a decorated function, or of a pipeline's file, as `text`, `svg` or `mermaid`.

    params: values of its params. Errors: BadRequest, SpecError.
    """
    from rankzero.cli.show import terminal
    from rankzero.pipelines.handle import asked

    found, _ = asked(pipeline, params)
    nodes = _layered(_compiled(found), {})
    if output == "svg":
        return svg(nodes)
    if output == "mermaid":
        return mermaid(nodes)
    if output != "text":
        raise BadRequest(f"output: must be text, svg or mermaid; got {output!r}")
    return "\n".join(drawn(terminal.out(), nodes))


def _of_file(path: str, sets: Sequence[str]) -> Graph:
    from rankzero import backends
    from rankzero.spec.pipelines.making import load_pipeline

    defaults = backends.config().defaults_at("local")
    return _compiled(load_pipeline(path, sets=sets, defaults=defaults))


def _compiled(pipeline: Pipeline) -> Graph:
    from rankzero.pipelines.compiling import compiled

    return compiled(pipeline, None, "python")


def _layered(graph: Graph, states: dict[str, str]) -> list[Node]:
    """Each step one layer behind the last of those that come before it."""
    layers: dict[str, int] = {}
    for name, step in graph.items():
        layers[name] = 1 + max((layers[before] for before in step.before), default=-1)
    return [Node(step, states.get(name, ""), layers[name]) for name, step in graph.items()]


def drawn(screen: Screen, nodes: Sequence[Node]) -> Iterator[str]:
    """A line a step, further to the right the more must come before it."""
    for node in nodes:
        step = node.step
        head = "  " * node.layer + ("└ " if node.layer else "") + step.name
        many = "  for each of a list" if step.fans_out else ""
        before = f"  after {', '.join(step.before)}" if step.before else ""
        state = f"  {node.state}" if node.state else ""
        when = f"  when {step.when}" if step.when else ""
        yield visible(f"{head}{state}{many}{before}{when}")


def mermaid(nodes: Sequence[Node]) -> str:
    """A diagram as GitHub and others draw it from Markdown."""
    lines = ["flowchart LR"]
    for node in nodes:
        state = f"<br/>{node.state}" if node.state else ""
        lines.append(f'  {_id(node.step.name)}["{node.step.name}{state}"]')
    for node in nodes:
        lines += [f"  {_id(one)} --> {_id(node.step.name)}" for one in node.step.before]
    return "\n".join(lines)


def _id(name: str) -> str:
    return f"s_{name.replace('-', '_')}"


class _Box(NamedTuple):
    node: Node
    x: float
    y: float
    width: float


def svg(nodes: Sequence[Node]) -> str:
    """A picture that needs nothing from elsewhere."""
    boxes = _placed(nodes)
    width = max(box.x + box.width for box in boxes.values()) + _EDGE
    height = max(box.y for box in boxes.values()) + _HEIGHT + _EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="13">',
        "<title>A pipeline's steps, and what comes before what</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for box in boxes.values():
        parts += [_edge(boxes[before], box) for before in box.node.step.before]
    parts += [_shape(box) for box in boxes.values()]
    return "\n".join([*parts, "</svg>"])


def _placed(nodes: Sequence[Node]) -> dict[str, _Box]:
    """Layers from left to right; in each, steps in the middle of those that come before them."""
    layers: dict[int, list[Node]] = {}
    for node in nodes:
        layers.setdefault(node.layer, []).append(node)
    boxes: dict[str, _Box] = {}
    x: float = _EDGE
    for layer in sorted(layers):
        row = sorted(layers[layer], key=lambda node: _middle(node, boxes))
        wide = max(_width(node) for node in row)
        for at, node in enumerate(row):
            boxes[node.step.name] = _Box(node, x, _EDGE + at * (_HEIGHT + _GAP), wide)
        x += wide + _BETWEEN
    return boxes


def _middle(node: Node, boxes: dict[str, _Box]) -> float:
    heights = [boxes[before].y for before in node.step.before]
    return sum(heights) / len(heights) if heights else 0.0


def _width(node: Node) -> float:
    return max(90.0, _LETTER * max(len(node.step.name), len(_below(node))) + 24)


def _below(node: Node) -> str:
    """The small line in a box."""
    many = "for each" if node.step.fans_out else ""
    return " · ".join(filter(None, [node.state, many, "when ..." if node.step.when else ""]))


def _edge(before: _Box, after: _Box) -> str:
    x, y = before.x + before.width, before.y + _HEIGHT / 2
    to_x, to_y = after.x - 1, after.y + _HEIGHT / 2
    half = (x + to_x) / 2
    path = f"M{x:.0f} {y:.0f} C{half:.0f} {y:.0f} {half:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path d="{path}" fill="none" stroke="#64748b" marker-end="url(#tip)"/>'


def _shape(box: _Box) -> str:
    fill, stroke, ink = _COLOURS[box.node.state]
    middle, below = box.x + box.width / 2, escape(_below(box.node))
    name_y = box.y + (19 if below else 27)
    rect = (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{_HEIGHT}" '
        f'rx="6" fill="{fill}" stroke="{stroke}"/>'
    )
    name = (
        f'<text x="{middle:.0f}" y="{name_y:.0f}" text-anchor="middle" fill="{ink}" '
        f'font-weight="bold">{escape(box.node.step.name)}</text>'
    )
    small = (
        f'<text x="{middle:.0f}" y="{box.y + 35:.0f}" text-anchor="middle" fill="{ink}" '
        f'font-size="11">{below}</text>'
    )
    return f"<g>{rect}{name}{small if below else ''}</g>"

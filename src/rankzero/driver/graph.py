"""A pipeline's steps as data: what must come before what, and what each hands on. Pure."""

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent.artifacts import PATH as PATH
from rankzero.agent.artifacts import VALUE as VALUE
from rankzero.driver.filling import names


class Step(NamedTuple):
    """One step, as the engine sees it.

    needs: steps that must have ended well, or been left out, before it. takes: input -> (step,
    output). gives: output -> `path` or `value`. when: a condition (see `conditions`) that may name
    `${step.output}`, empty for always. items: those that it is done for, one by one; items_of:
    (step, output) whose value is a list of them in JSON; without both it is done once. retries:
    how many failures it survives.
    timeout: seconds for one attempt. key: stands for all that is fixed beforehand and changes what
    comes out (command, code, params, image); empty where it is never to be taken from the cache.
    body: what is done, for whoever does it.
    """

    name: str
    needs: Tuple[str, ...] = ()
    takes: Mapping[str, Tuple[str, str]] = {}
    gives: Mapping[str, str] = {}
    when: str = ""
    items: Optional[Tuple[Any, ...]] = None
    items_of: Optional[Tuple[str, str]] = None
    retries: int = 0
    timeout: Optional[float] = None
    key: str = ""
    body: Mapping[str, Any] = {}

    @property
    def fans_out(self) -> bool:
        return self.items is not None or self.items_of is not None

    @property
    def before(self) -> Tuple[str, ...]:
        """All steps that must be over before this one can begin."""
        return tuple(dict.fromkeys([*self.needs, *(step for step, _ in self.reads)]))

    @property
    def reads(self) -> Tuple[Tuple[str, str], ...]:
        """Every (step, output) that must be there before this one can begin."""
        found = [*self.takes.values()]
        for name in names(self.when):
            step, _, output = name.partition(".")
            found.append((step, output))
        if self.items_of is not None:
            found.append(self.items_of)
        return tuple(dict.fromkeys(found))


Graph = Mapping[str, Step]


def kinds(graph: Graph, step: Step) -> Dict[str, str]:
    """Of each input of a step, `path` or `value`."""
    return {name: graph[source].gives[output] for name, (source, output) in step.takes.items()}


def to_json(graph: Graph) -> List[Dict[str, Any]]:
    """Plain data; `from_json` undoes it."""
    return [step._asdict() for step in graph.values()]


def from_json(data: Iterable[Mapping[str, Any]]) -> Graph:
    """Errors: KeyError, TypeError for what is no graph."""
    return {one["name"]: _step(one) for one in data}


def _step(data: Mapping[str, Any]) -> Step:
    step = Step(**data)
    return step._replace(
        needs=tuple(step.needs),
        takes={name: (source[0], source[1]) for name, source in step.takes.items()},
        items=None if step.items is None else tuple(step.items),
        items_of=None if step.items_of is None else (step.items_of[0], step.items_of[1]),
    )


def graph(steps: Iterable[Step]) -> Graph:
    """Steps by name, each after all that it depends on.

    Errors: ValueError with the circle, for steps that wait for each other.
    """
    given = {step.name: step for step in steps}
    edges = {name: step.before for name, step in given.items()}
    found = circle(edges)
    if found:
        raise ValueError(" -> ".join(found))
    return {name: given[name] for name in _sorted(edges)}


def circle(edges: Mapping[str, Iterable[str]]) -> Tuple[str, ...]:
    """Steps that wait for each other, the first one named again at the end; empty for none.
    edges: step -> those that come before it."""
    try:
        _sorted(edges)
    except _Circle as found:
        return found.names
    return ()


class _Circle(Exception):
    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = tuple(names)


def _sorted(edges: Mapping[str, Iterable[str]]) -> List[str]:
    """Errors: _Circle."""
    done: Dict[str, None] = {}
    for name in edges:
        if name not in done:
            _visit(name, edges, done)
    return list(done)


def _visit(start: str, edges: Mapping[str, Iterable[str]], done: Dict[str, None]) -> None:
    """Depth first without recursion: a chain of thousands of steps is fine."""
    path = {start: iter(edges[start])}  # in order, from the start to where we are
    while path:
        name = next(reversed(path))
        ahead = next((one for one in path[name] if one not in done), None)
        if ahead is None:
            del path[name]
            done[name] = None
        elif ahead in path:
            names: List[str] = list(path)
            raise _Circle(reversed([*names[names.index(ahead) :], ahead]))
        else:
            path[ahead] = iter(edges[ahead])

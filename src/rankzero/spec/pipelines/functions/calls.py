"""A pipeline's function, read: each call in it becomes a step, in the form that a file has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from rankzero.driver import graph
from rankzero.script.step import MODULE as STEP
from rankzero.script.steps import At, Said, Step, parts
from rankzero.spec.given import Given, from_python
from rankzero.spec.names import valid
from rankzero.spec.pipelines import serving
from rankzero.spec.pipelines.functions import bound, hints
from rankzero.spec.pipelines.functions.hints import BadHint
from rankzero.spec.pipelines.functions.later import Called, Later, Output, condition
from rankzero.spec.pipelines.functions.through import Fan, fan, parameters
from rankzero.spec.pipelines.functions.words import BadArgument, Inputs, only, words
from rankzero.spec.pipelines.model import LONGEST_STEP
from rankzero.spec.problems import Place, Problem

#: What stands for what cannot be said.
_OTHERWISE: dict[str, Any] = {
    "command": ["?"],
    "job": {"run": {"command": ["?"]}},
    "service": {"command": ["?"]},
}
#: Why a step hands on nothing.
_NO_TYPE = "its function has no return type, such as -> int"
_NO_OUTPUTS = "it has no `outputs`"


class Calls:
    """See `script.steps.Reader`. file: of the pipeline. workdir: where steps run. named: a file as
    the user names it. steps: in the form of a file's, each value with the line that said it."""

    def __init__(
        self, file: Path, workdir: Path, named: Callable[[str], str], problems: list[Problem]
    ) -> None:
        self._file, self._workdir, self._named = file, workdir, named
        self._problems = problems
        self._known: dict[str, Later] = {}
        self._of: dict[str, object] = {}
        self.steps: dict[str, Given] = {}

    # -- as a pipeline's function sees it

    def step(
        self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], at: At
    ) -> Later | Called:
        function, said, inputs = step.function, dict(step.said), Inputs(self._known)
        name = self._name(said, function.__name__, at)
        place, home = self._place(name, at), self._place(name, step.at)
        types = self._try(home, partial(hints.hints_of, function), {})
        fields: Said = {}
        fanned = Fan()
        if step.through is not None:
            through = step.through
            where = self._place(name, through.at, through.name)
            unclear = Fan(parameters(through), (), [])
            fanned = self._try(where, partial(fan, through, types), unclear)
            fields["for_each"] = fanned.items, through.at
        told = [*self._given(step, (args, kwargs), fanned, types, inputs, place), *fanned.words]
        names = said.pop("returns", (None, at))[0]
        outputs = self._try(home, partial(hints.returned, types, names), [])
        told += [f"{'.' if one.part else ''}{one.name}:{one.kind}" for one in outputs]
        if "job" in said:
            job, there = said.pop("job")
            made = partial(bound.as_job, inputs.filled(job), told, valid(name))
            fields["job"] = self._try(self._place(name, there), made), there
        if fields.get("job", (None, at))[0] is None:
            fields["command"] = ["python", "-m", STEP, *told], at
        if "code" in said:
            paths, there = said["code"]
            said["code"] = bound.code(paths, function, self._workdir), there
        fields = {**self._wishes(said, inputs), **fields}
        called = self._add(name, fields, inputs, outputs, at, many=step.through is not None)
        self._of[name] = function
        return called if len(outputs) != 1 or outputs[0].part else called.by_name[outputs[0].name]

    def command(self, given: tuple[Any, ...], wishes: Said, at: At) -> Called:
        words = [one if isinstance(one, Called) else str(one) for one in given]
        first = str(words[0]).split()[:1] if len(words) == 1 else words[:1]
        stem = PurePath("".join(map(str, first))).stem
        return self._other("command", words[0] if len(words) == 1 else words, stem, wishes, at)

    def job(self, job: object, wishes: Said, at: At) -> Called:
        run = job.get("run") if isinstance(job, Mapping) else job
        word = next(iter(str(run).split()), "job")
        return self._other("job", job, PurePath(word).stem, wishes, at)

    def service(self, service: object, wishes: Said, at: At) -> Called:
        said = service if isinstance(service, Mapping) else {}
        stem = str(said.get("name") or "serve")
        return self._other("service", service, stem, wishes, at)

    # -- inside

    def _given(
        self,
        step: Step[..., Any],
        call: tuple[tuple[Any, ...], dict[str, Any]],
        fanned: Fan,
        types: Mapping[str, Any],
        inputs: Inputs,
        place: Place,
    ) -> list[str]:
        """The words that tell a function's process what to call with what."""
        find = partial(bound.target, step.function, self._file)
        told = [os.path.relpath(self._file, self._workdir), self._try(place, find, "")]
        given = self._try(place, partial(bound.arguments, step.function, *call, fanned.names), {})
        for key, value in given.items():
            here = place._replace(path=(*place.path, key))
            told += self._try(here, partial(words, key, value, types.get(key), inputs), [])
        return told

    def _other(self, key: str, what: object, stem: str, wishes: Said, at: At) -> Called:
        """A step that is no function."""
        said, inputs = dict(wishes), Inputs(self._known)
        name = self._name(said, stem, at)
        place = self._place(name, at)
        given, _ = said.pop("inputs", ({}, at))
        left, _ = said.pop("outputs", ((), at))
        outputs = self._try(place, partial(hints.of_command, left), [])
        if key == "service" and not outputs:  # which all of them have, and none may say
            outputs = hints.of_command(dict.fromkeys(serving.OUTPUTS.entries, graph.VALUE))
        for one, source in self._try(place, partial(_sources, given), {}).items():
            inputs.take(source, one)
        fields = self._wishes(said, inputs)
        # What cannot be said is no other fault as well.
        otherwise = _OTHERWISE[key]
        fields[key] = self._try(place, partial(inputs.filled, what), otherwise), at
        return self._add(name, fields, inputs, outputs, at, nothing=_NO_OUTPUTS)

    def _add(
        self,
        name: str,
        fields: Said,
        inputs: Inputs,
        outputs: list[Output],
        at: At,
        many: bool = False,
        nothing: str = _NO_TYPE,
    ) -> Called:
        kinds = {one.name: graph.PATH if one.kind == "Path" else graph.VALUE for one in outputs}
        fields = {**fields, "inputs": (inputs.taken, at), "outputs": (kinds, at)}
        if "service" in fields and kinds.keys() == serving.OUTPUTS.entries.keys():
            del fields["outputs"]
        made: dict[str, Given] = {}
        for key, (value, said_at) in fields.items():
            made[key] = from_python(value, self._place(name, said_at, key), self._problems)
        self.steps[name] = Given(made, self._place(name, at))
        called = Called(name, [Later(name, one, many) for one in outputs], nothing)
        self._known.update({one.source: one for one in called.by_name.values()})
        return called

    def _name(self, said: Said, otherwise: str, at: At) -> str:
        """Its own, or a free one like its function's."""
        if "name" in said:
            name = str(said.pop("name")[0])
            if name in self.steps:
                place = self._place(name, at)
                self._problems.append(Problem(place, "two steps have this name"))
            return name
        name = plain = valid(otherwise, LONGEST_STEP, "step")
        count = 1
        while name in self.steps:
            count += 1
            name = f"{plain[: LONGEST_STEP - 6]}-{count}"
        return name

    def _wishes(self, said: Said, inputs: Inputs) -> Said:
        """What a step says beside what it does, in the form of a file."""
        fields = dict(said)
        if "when" in said:
            value, where = said["when"]
            made = value if isinstance(value, str) else condition(value).text
            fields["when"] = (None if value is True else made, where)
        if "needs" in said:
            value, where = said["needs"]
            fields["needs"] = ([name for one in parts(value) for name in self._needed(one)], where)
        if "env" in said:
            value, where = said["env"]
            fields["env"] = (inputs.filled(value), where)
        return fields

    def _needed(self, one: object) -> Iterator[str]:
        """A call, a step with all its calls, or a name."""
        if isinstance(one, Called):
            yield one.of_step
        elif isinstance(one, Later):
            yield one.step
        elif isinstance(one, Step):
            yield from (name for name, function in self._of.items() if function is one.function)
        else:
            yield str(one)

    def _place(self, name: str, at: At, key: str = "") -> Place:
        return Place(self._named(at.file), tuple(filter(None, ("steps", name, key))), at.line)

    def _try(self, place: Place, make: Callable[[], Any], otherwise: Any = None) -> Any:  # noqa: ANN401
        try:
            return make()
        except (BadArgument, BadHint) as error:
            self._problems.append(Problem(place, f"{error}"))
            return otherwise


def _sources(given: object) -> dict[str, str]:
    """What a command takes: by name, or each by its output's. Errors: BadArgument."""
    if isinstance(given, Mapping):
        return {str(name): _source(one) for name, one in given.items()}
    sources = [_source(one) for one in parts(given)]
    return {one.partition(".")[2]: one for one in sources}


def _source(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (Later, Called)):
        return only(value).source
    raise BadArgument(f"takes what a step hands on; got {value!r}")

"""The one way to a pipeline: from a file or from plain data, to a request that is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rankzero.spec import making, names, shorthands
from rankzero.spec.given import Given, from_python, literal
from rankzero.spec.overrides import Overrides
from rankzero.spec.params import Params, as_given
from rankzero.spec.paths import absolute
from rankzero.spec.pipelines import coherence, serving
from rankzero.spec.pipelines.model import Mount, Pipeline, Step
from rankzero.spec.pipelines.mounting import mounts
from rankzero.spec.pipelines.texts import Conditions, Texts, marks, settled, split, unmarked
from rankzero.spec.pods import Source
from rankzero.spec.problems import Place, Problem, SpecError, did_you_mean, shown
from rankzero.spec.strict import Strict
from rankzero.spec.validate import problem_of

_NOTHING = Given({})


def load_pipeline(
    path: str | os.PathLike[str], *, sets: Sequence[str] = (), defaults: Given = _NOTHING
) -> Pipeline:
    """The pipeline in a YAML or JSON file, or in a Python file (`pipeline.py:NAME` where that holds
    several); its paths are relative to its folder.

    sets: `name=value` for its params. defaults: what lies beneath each of its jobs, see
    `spec.load`. Errors: SpecError, with every problem and its line.
    """
    from rankzero.spec import reading
    from rankzero.spec.pipelines.functions import loading

    name = os.fsdecode(path)
    if loading.is_python(name):
        return loading.load(name, sets, defaults)
    problems: list[Problem] = []
    tree = reading.read_text(reading.read_file(name), name, problems)
    making = Making(Path(name).absolute().parent, defaults, problems)
    return making.pipeline(tree, sets, names.valid(Path(name).stem, otherwise="pipeline"))


def build_pipeline(
    mapping: Mapping[str, Any],
    *,
    base: str | os.PathLike[str] | None = None,
    sets: Sequence[str] = (),
    defaults: Given = _NOTHING,
) -> Pipeline:
    """The pipeline in plain data of the same form; its paths are relative to `base`, which is the
    current folder unless given. Errors: SpecError."""
    problems: list[Problem] = []
    tree = from_python(mapping, Place(), problems)
    making = Making(Path(base or ".").absolute(), defaults, problems)
    return making.pipeline(tree, sets, "pipeline")


class Making:
    """One request on its way to the model. base: what its paths are relative to."""

    def __init__(self, base: Path, defaults: Given, problems: list[Problem]) -> None:
        self._base, self._defaults, self._problems = base, defaults, problems

    def pipeline(self, tree: Given, sets: Sequence[str], name: str) -> Pipeline:
        params = Params(tree.entries.get("params", Given(None, tree.place)), sets, self._problems)
        steps = tree.entries.get("steps", Given(None, tree.place))
        if not isinstance(steps.value, dict) or not steps.value:
            message = "`steps` must be a mapping of at least one step"
            raise SpecError([*self._problems, Problem(steps.place, message)])
        folder = self._workdir(tree.entries.get("workdir"), params)
        workdir = absolute(folder.text, self._base)
        named = tree.entries.get("name", literal(name, tree.place))
        outputs = [
            f"{step}.{output}" for step, given in steps.value.items() for output in _gives(given)
        ]
        self._check_params(params, outputs)
        made = {}
        for step, given in steps.value.items():
            one = _Step(given, params, outputs, self._problems)
            job, service = one.said("job"), one.said("service")
            made[step] = one.made(
                None if job is None else self._job(job, params, one.later, workdir),
                None
                if service is None
                else self._service(service, one.texts, f"{named.text}-{step}"),
            )
        texts = Texts(params.standing, (), self._problems)
        volumes = tree.entries.get("volumes")
        full = tree.having(
            name=named,
            steps=steps._replace(value=made),
            params=as_given(params.values, tree.find(("params",)).place),
            workdir=folder._replace(value=workdir),
            env=_filled(tree.entries.get("env"), texts),
            volumes=None if volumes is None else shorthands.volumes(texts.fill(volumes)),
        )
        return self._whole(full)

    def _workdir(self, given: Given | None, params: Params) -> Given:
        if given is None or given.value is None:
            return literal(".", Place())
        if not isinstance(given.value, str) or not given.value.strip():
            message = f"must be a folder's path; got {shown(given.value)}"
            self._problems.append(Problem(given.place, message))
            return literal(".", given.place)
        return params.fill(given)

    def _check_params(self, params: Params, outputs: Sequence[str]) -> None:
        """One name must not mean two things."""
        for name in params.values:
            if name in ("item", *outputs) or name.startswith(("item.", "inputs.", "outputs.")):
                message = "a param must not have the name of an item, an input or an output"
                self._problems.append(Problem(Place(path=("params", name)), message))

    def _whole(self, full: Given) -> Pipeline:
        try:
            pipeline = Pipeline.model_validate(full.plain())
        except ValidationError as error:
            found = [problem_of(full, one, _unknown) for one in error.errors(include_url=False)]
            raise SpecError([*self._problems, *found]) from None
        for path, message in coherence.check(pipeline):
            self._problems.append(Problem(full.find(path).place, message))
        if self._problems:
            raise SpecError(self._problems)
        return pipeline

    def _job(self, given: Given, params: Params, later: Iterable[str], workdir: str) -> Given:
        """A job as plain data, its texts in the form of a step's."""
        known = {**settled(params.standing), **marks(later)}
        beneath = self._defaults.having(params=Given(known))
        try:
            if given.is_scalar:
                job = making.load(absolute(given.text, self._base), defaults=beneath)
            else:
                job = making.from_tree(given, Path(workdir), Overrides(), defaults=beneath)
        except SpecError as error:
            self._problems.extend(error.problems)
            return given
        if job.outputs is not None:
            message = "a step's outputs are kept by the pipeline; leave it out"
            self._problems.append(Problem(given.find(("outputs",)).place, message))
        data = job.to_json()
        data["params"] = {name: one for name, one in data["params"].items() if name not in known}
        return from_python(unmarked(data), given.place, self._problems)

    def _service(self, given: Given, texts: Texts, name: str) -> Given:
        """A service as plain data, its texts in the form of a step's."""
        try:
            return serving.service(given, texts, name, self._base, self._defaults)
        except SpecError as error:
            self._problems.extend(error.problems)
            return serving.something(name)


class _Step:
    """One step on its way to the model. known: every output of the pipeline, as `step.output`."""

    def __init__(
        self, given: Given, params: Params, known: Sequence[str], problems: list[Problem]
    ) -> None:
        self._given = given.having(**{k: None for k, v in given.entries.items() if v.value is None})
        self._problems = problems
        for key in ("inputs", "outputs"):
            self._check_once(self._given.entries.get(key, _NOTHING))
        self._inputs = _inputs(self._given.entries.get("inputs", _NOTHING))
        self._outputs = _outputs(self._given.entries.get("outputs", _NOTHING))
        self._items = self._through(Texts(params.standing, known, problems))
        self.later = [
            *(f"inputs.{name}" for name in self._inputs.entries),
            *(f"outputs.{name}" for name in self._outputs.entries),
            *_names_of_items(self._items),
        ]
        self.texts = Texts(params.standing, self.later, problems)
        if "service" in self._given.entries:
            problems.extend(serving.faults(self._given))
            self._outputs = serving.OUTPUTS
        self._conditions = Conditions(params.standing, known, problems)

    def said(self, key: str) -> Given | None:
        return self._given.entries.get(key)

    def made(self, job: Given | None, service: Given | None) -> Given:
        """job, service: what it is, as plain data, where it is one."""
        if not isinstance(self._given.value, dict):
            return self._given
        fields, texts = self._given.entries, self.texts
        mounted, gives = fields.get("mounts"), "outputs" in fields or service is not None
        return self._given.having(
            command=self._command(fields.get("command")),
            job=job,
            service=service,
            needs=_list(fields.get("needs")),
            inputs=self._inputs if "inputs" in fields else None,
            outputs=self._outputs if gives else None,
            when=_filled(fields.get("when"), self._conditions),
            for_each=self._items,
            retries=_filled(fields.get("retries"), texts, number=True),
            timeout=_filled(fields.get("timeout"), texts, number=True),
            code=_filled(_list(fields.get("code")), texts),
            env=_filled(fields.get("env"), texts),
            mounts=None if mounted is None else mounts(texts.fill(mounted)),
        )

    def _check_once(self, given: Given) -> None:
        """Of a list in short form, no name may come twice."""
        names = [one.text.rpartition(".")[2] for one in given.items]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._problems.append(Problem(given.place, f'two are called "{name}"; name them'))

    def _command(self, given: Given | None) -> Given | None:
        return None if given is None else self.texts.words(split(given, self._problems))

    def _through(self, texts: Texts) -> Given | None:
        """The list that a step goes through, or whose output is one."""
        given = self._given.entries.get("for_each")
        if given is None or not isinstance(given.value, str):
            return None if given is None else texts.fill(given)
        text = texts.fill(given).text
        if not text.lstrip().startswith("["):
            return literal(text.removeprefix("${").removesuffix("}"), given.place)
        try:
            items = json.loads(text, parse_constant=_no_constant)
            text.encode()
        except (ValueError, RecursionError):
            self._problems.append(Problem(given.place, "is no list in JSON"))
            return None
        return from_python(items, given.place, self._problems)


def _no_constant(word: str) -> object:
    """JSON has no NaN."""
    raise ValueError(word)


def _filled(given: Given | None, texts: Texts, *, number: bool = False) -> Given | None:
    """Texts filled in. number: what is no text already stays what it is."""
    if given is None or (number and not isinstance(given.value, str)):
        return given
    return texts.words(given)


def _list(given: Given | None) -> Given | None:
    """One word where a list may stand."""
    return given._replace(value=[given]) if given is not None and given.is_scalar else given


def _inputs(given: Given) -> Given:
    """`[load.data]` is short for `{data: load.data}`."""
    if given.items:
        named = {one.text.rpartition(".")[2]: one.as_text() for one in given.items}
        return given._replace(value=named)
    return given


def _outputs(given: Given) -> Given:
    """`[model]` is short for `{model: path}`."""
    if given.items:
        return given._replace(value={one.text: literal("path", one.place) for one in given.items})
    return given


def _gives(step: Given) -> Iterable[str]:
    """What a step hands on, by name."""
    if "service" in step.entries:
        return serving.OUTPUTS.entries
    return _outputs(step.entries.get("outputs", _NOTHING)).entries


def _names_of_items(items: Given | None) -> list[str]:
    """What a step may say of its item: all of it, and, where all are mappings, the keys that all
    of them have."""
    if items is None:
        return []
    found: set[str] = set()
    if items.items and all(one.entries for one in items.items):
        found = set.intersection(*(set(one.entries) for one in items.items))
    return ["item", *(f"item.{key}" for key in sorted(found))]


def _unknown(path: list[str | int]) -> str:
    model: type[Strict] = Pipeline
    if path[0] == "volumes" and len(path) > 2:
        model = Source
    elif path[0] == "steps" and len(path) > 2:
        model = Mount if path[2] == "mounts" and len(path) > 3 else Step
    if path[-1] == "volumes" and model is Step:
        return "unknown key; did you mean `mounts`, of volumes that the pipeline names?"
    return f"unknown key{did_you_mean(str(path[-1]), model.keys())}"

"""What a valid pipeline may still get wrong: steps that are not there, a circle, a condition that
is none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.driver import conditions, filling, graph
from rankzero.spec.pipelines import serving
from rankzero.spec.pipelines.model import MOST_STEPS, Pipeline, Step
from rankzero.spec.problems import did_you_mean, near

#: How much of two names is alike where one is a slip for the other.
_SLIP = 0.75

Fault = tuple[tuple[str | int, ...], str]


def check(pipeline: Pipeline) -> Iterator[Fault]:
    """Every fault, with the path of what is at fault."""
    if len(pipeline.steps) > MOST_STEPS:
        yield ("steps",), f"must be at most {MOST_STEPS:,} steps; got {len(pipeline.steps):,}"
        return
    for name, step in pipeline.steps.items():
        for path, message in _step(pipeline, name, step):
            yield ("steps", name, *path), message
    for path, message in serving.check(pipeline.steps):
        yield ("steps", *path), message
    if message := _output_volume_fault(pipeline):
        yield ("output_volume",), message
    before = {name: edges(name, step).before for name, step in pipeline.steps.items()}
    known = {name: [one for one in some if one in before] for name, some in before.items()}
    around = graph.circle(known)
    if around:
        yield ("steps", around[0]), f"steps wait for each other: {' -> '.join(around)}"


def unused(pipeline: Pipeline) -> list[str]:
    """Outputs that nobody takes, of steps that others come after, as `step.output`."""
    wired = [edges(name, step) for name, step in pipeline.steps.items()]
    taken = {source for step in wired for source in step.reads}
    followed = {name for step in wired for name in step.before}
    return [
        f"{name}.{output}"
        for name, step in pipeline.steps.items()
        for output in step.outputs
        if name in followed and (name, output) not in taken and step.service is None
    ]


def cached(pipeline: Pipeline, name: str) -> bool:
    """Whether a step's equal inputs may give an earlier result. What is done to a volume is in no
    cache, nor what asks a service: neither is in the inputs."""
    step = pipeline.steps[name]
    if step.service is not None:
        return False
    if step.cache is not None:
        return step.cache
    before = edges(name, step).before
    return not step.mounts and all(pipeline.steps[one].service is None for one in before)


def edges(name: str, step: Step) -> graph.Step:
    """What a step comes after and takes, as a driver sees it; what is done is not in it."""
    return graph.Step(
        name,
        needs=step.needs,
        takes={key: _pair(source) for key, source in step.inputs.items()},
        when=step.when,
        items_of=_pair(step.for_each) if isinstance(step.for_each, str) else None,
    )


def _pair(source: str) -> tuple[str, str]:
    step, _, output = source.partition(".")
    return step, output


def _step(pipeline: Pipeline, name: str, step: Step) -> Iterator[Fault]:
    for at, need in enumerate(step.needs):
        if need not in pipeline.steps:
            known = did_you_mean(need, [one for one in pipeline.steps if one != name])
            yield ("needs", at), f'there is no step "{need}"{known}'
    for key, source in step.inputs.items():
        if message := _source_fault(pipeline, source):
            yield ("inputs", key), message
    yield from _values(pipeline, step)
    yield from _mounts(pipeline, step)
    if step.when and (message := _condition_fault(step.when)):
        yield ("when",), message


def _output_volume_fault(pipeline: Pipeline) -> str:
    """It may be any claim, but one that is called nearly as a volume of the file is a slip."""
    name, known = pipeline.output_volume, pipeline.volumes
    if name is None or name in known or name in {one.claim for one in known.values()}:
        return ""
    found = near(name, known, _SLIP)
    if found is None:
        return ""
    said = f'there is no volume "{name}" in `volumes`; did you mean "{found}"?'
    return f"{said} A claim of that name is said there as {name}: {{claim: {name}}}"


def _mounts(pipeline: Pipeline, step: Step) -> Iterator[Fault]:
    """Volumes that are there, each at a path of its own."""
    jobs = (step.job or {}).get("volumes", {})
    taken = {one["path"]: name for name, one in jobs.items()}
    for name, mount in step.mounts.items():
        if name not in pipeline.volumes:
            known = did_you_mean(name, pipeline.volumes)
            yield ("mounts", name), f'there is no volume "{name}" in `volumes`{known}'
        if name in jobs:
            yield ("mounts", name), f"{name} is also a volume of the step's job; rename one"
        other = taken.setdefault(mount.path, name)
        if other != name:
            yield ("mounts", name), f"{other} and {name} are both at {mount.path}"


def _values(pipeline: Pipeline, step: Step) -> Iterator[Fault]:
    """What is read as a value must be one."""
    reading = [("when", source) for source in filling.names(step.when)]
    if isinstance(step.for_each, str):
        reading.append(("for_each", step.for_each))
    for key, source in reading:
        message = _source_fault(pipeline, source)
        if (
            not message
            and pipeline.steps[source.partition(".")[0]].outputs[source.partition(".")[2]]
            != "value"
        ):
            message = f"`{source}` is a path; only a value can be read here"
        if message:
            yield (key,), message


def _source_fault(pipeline: Pipeline, source: str) -> str:
    name, _, output = source.partition(".")
    step = pipeline.steps.get(name)
    if step is None:
        return f'there is no step "{name}"{did_you_mean(name, pipeline.steps)}'
    if output not in step.outputs:
        known = did_you_mean(output, step.outputs)
        none = "" if step.outputs else "; it has none"
        return f'`{name}` has no output "{output}"{known}{none}'
    return ""


def _condition_fault(when: str) -> str:
    """Whether it would be a condition, whatever the values are."""
    try:
        conditions.parsed(filling.filled(when, lambda name: "1"))
    except ValueError as error:
        return str(error)
    return ""

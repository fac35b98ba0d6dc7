"""What a valid pipeline may still get wrong: steps that are not there, a circle, a condition that
is none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.driver import conditions, filling
from rankzero.driver.graph import circle
from rankzero.spec.pipelines.model import MOST_STEPS, Pipeline, Step
from rankzero.spec.problems import did_you_mean

Fault = tuple[tuple[str | int, ...], str]


def check(pipeline: Pipeline) -> Iterator[Fault]:
    """Every fault, with the path of what is at fault."""
    if len(pipeline.steps) > MOST_STEPS:
        yield ("steps",), f"must be at most {MOST_STEPS:,} steps; got {len(pipeline.steps):,}"
        return
    for name, step in pipeline.steps.items():
        for path, message in _step(pipeline, name, step):
            yield ("steps", name, *path), message
    steps = {name: before(step) for name, step in pipeline.steps.items()}
    around = circle({name: [one for one in some if one in steps] for name, some in steps.items()})
    if around:
        yield ("steps", around[0]), f"steps wait for each other: {' -> '.join(around)}"


def unused(pipeline: Pipeline) -> list[str]:
    """Outputs that nobody takes, of steps that others come after, as `step.output`."""
    taken = {source for step in pipeline.steps.values() for source in sources(step)}
    followed = {name for step in pipeline.steps.values() for name in before(step)}
    return [
        f"{name}.{output}"
        for name, step in pipeline.steps.items()
        for output in step.outputs
        if name in followed and f"{name}.{output}" not in taken
    ]


def sources(step: Step) -> list[str]:
    """Every output that a step reads, as `step.output`."""
    found = [*step.inputs.values(), *filling.names(step.when)]
    return [*found, step.for_each] if isinstance(step.for_each, str) else found


def before(step: Step) -> list[str]:
    """The steps that come before it."""
    return [*step.needs, *(source.partition(".")[0] for source in sources(step))]


def _step(pipeline: Pipeline, name: str, step: Step) -> Iterator[Fault]:
    for at, need in enumerate(step.needs):
        if need not in pipeline.steps:
            known = did_you_mean(need, [one for one in pipeline.steps if one != name])
            yield ("needs", at), f'there is no step "{need}"{known}'
    for key, source in step.inputs.items():
        if message := _source_fault(pipeline, source):
            yield ("inputs", key), message
    yield from _values(pipeline, step)
    if step.when and (message := _condition_fault(step.when)):
        yield ("when",), message


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

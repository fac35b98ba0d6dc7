"""A service in a pipeline: from what its step says of it, to plain data in the form of a step's
texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rankzero.spec.given import Given, from_python, literal, word
from rankzero.spec.paths import absolute
from rankzero.spec.pipelines.model import ADDRESS, Step
from rankzero.spec.pipelines.texts import Texts, later_in, split, unmarked
from rankzero.spec.problems import Place, Problem, SpecError
from rankzero.spec.services.making import make

#: What every service hands on.
OUTPUTS = Given({ADDRESS: Given("value")})
#: What names a file of keys, as for `serve deploy`.
_FILES = (".yaml", ".yml", ".json")
#: Keys of a service that may name what the step takes.
_LATER = ("model", "command", "env")
#: Keys of a step that have no meaning for one, and why.
_WITHOUT = {
    "outputs": f"a service hands on its `{ADDRESS}`, and nothing else; leave it out",
    "for_each": "a service is one; its `replicas` are how many pods it has",
    "cache": "a service is looked after each time; leave it out",
    "code": "a service is looked after each time; leave it out",
}


def faults(step: Given) -> Iterator[Problem]:
    """What a step that is a service must not say."""
    for key, message in _WITHOUT.items():
        if key in step.entries:
            yield Problem(step.entries[key].place, message)


def service(given: Given, texts: Texts, name: str, base: Path, defaults: Given) -> Given:
    """given: a mapping of a service file's keys, the path of one, relative to base, or a predictor
    (`app.py:Digits`). name: what it is called unless it says so itself. defaults: what lies beneath
    it, see `services.making`.

    Errors: SpecError.
    """
    problems: list[Problem] = []
    tree = _spelled_out(given, base, problems)
    if not isinstance(tree.value, dict):
        raise SpecError([Problem(tree.place, "must be the keys of a service, or a file of them")])
    if problems:
        raise SpecError(problems)
    command = tree.entries.get("command")
    tree = texts.mark(tree.having(command=command and split(command, problems)))
    for key, one in tree.entries.items():
        if key not in _LATER and later_in(one.plain()):
            message = "is needed beforehand; only `model`, `command` and `env` may name what comes"
            raise SpecError([Problem(one.place, message)])
    shape = tree.entries.get("server")
    if shape is not None and shape.entries:
        numbers = {key: word(one.text, one.place) for key, one in shape.entries.items()}
        tree = tree.having(server=shape._replace(value=numbers))
    tree = tree.having(name=tree.entries.get("name", literal(name, tree.place)))
    if problems:
        raise SpecError(problems)
    made = make({}, file=tree, defaults=defaults, needed=())
    return from_python(unmarked(made.to_json()), given.place, problems)


def something(name: str) -> Given:
    """In the place of one that is wrong, so that what is wrong elsewhere is told as well."""
    return from_python({"name": name, "command": ["?"]}, Place(), [])


def _spelled_out(given: Given, base: Path, problems: list[Problem]) -> Given:
    if not given.is_scalar:
        return given
    if given.text.endswith(_FILES):
        return _read(absolute(given.text, base), problems)
    return given._replace(value={"predictor": given.as_text()})


def _read(path: str, problems: list[Problem]) -> Given:
    from rankzero.spec import reading

    return reading.read_text(reading.read_file(path), path, problems)


def check(steps: dict[str, Step]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong between services, and between them and other steps, with its path."""
    taken: dict[str, str] = {}
    for name, step in steps.items():
        if step.service is None:
            continue
        other = taken.setdefault(str(step.service["name"]), name)
        if other != name:
            yield (name, "service"), f"is called as the service of {other}; give it another `name`"
        for key, source in step.inputs.items():
            maker, _, output = source.partition(".")
            there = steps.get(maker)
            many = there is not None and there.for_each is not None
            if many and there is not None and there.outputs.get(output) == "path":
                message = f"`{source}` is a list of paths; a service takes single ones"
                yield (name, "inputs", key), message
        if not any(step.service.get(key) for key in ("predictor", "command", "image")):
            message = "must say what is served: `predictor`, `command` or `image`"
            yield (name, "service"), message

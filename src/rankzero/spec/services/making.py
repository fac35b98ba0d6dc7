"""The one way to a service: from what was typed, or from what it was before and what changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from rankzero.spec.beneath import beneath
from rankzero.spec.given import Given, from_python, word
from rankzero.spec.overrides import OPTIONS, Overrides, apply
from rankzero.spec.problems import Place, Problem, SpecError, did_you_mean
from rankzero.spec.services import coherence
from rankzero.spec.services.model import Service
from rankzero.spec.shorthands import spelled_out
from rankzero.spec.validate import problem_of

_NOTHING = Given({})
#: What must be said of a service on a cluster.
ON_A_CLUSTER = ("image", "port")
#: Options of a service that a job has, too, with the same meaning.
_SHARED = OPTIONS & Service.model_fields.keys() - {"port", "python"}
_TEXTS = (
    *("name", "image", "pull", "ready", "live", "priority_class", "service_account"),
    *("predictor", "model", "python", "token"),
)


def make(
    options: Mapping[str, Any],
    *,
    file: Given | None = None,
    defaults: Given = _NOTHING,
    needed: Collection[str] = ON_A_CLUSTER,
) -> Service:
    """The service that options ask for. file: what a file says of it, weaker than they. defaults:
    of a job file's form, weaker than both; what has no meaning for a service is passed over.
    needed: keys that something must say.

    Errors: SpecError, with every problem."""
    mine = {key: one for key, one in defaults.entries.items() if key in Service.model_fields}
    return _whole(file or _NOTHING, options, Given(mine), needed)


def change(
    before: Service, options: Mapping[str, Any], *, without: Collection[str] = ()
) -> Service:
    """A service with some things said anew. What has several entries (variables, volumes, ...) gets
    more of them; without: variables that go. Errors: SpecError."""
    data = before.to_json()
    for table in ("env", "secrets"):
        again = [*(options.get(table) or ()), *without]
        data[table] = {key: one for key, one in data[table].items() if key not in again}
    other = "secrets" if options.get("env") else "env" if options.get("secrets") else ""
    if other:
        said = (options.get("env") or {}).keys() | (options.get("secrets") or {}).keys()
        data[other] = {key: one for key, one in data[other].items() if key not in said}
    options = dict(options)
    for table in ("labels", "server"):
        if options.get(table):
            options[table] = {**data[table], **options[table]}
    problems: list[Problem] = []
    return _whole(from_python(data, Place(), problems), options, _NOTHING, ())


def _whole(
    tree: Given, options: Mapping[str, Any], defaults: Given, needed: Collection[str]
) -> Service:
    problems: list[Problem] = []
    shared = {key: one for key, one in options.items() if key in _SHARED}
    tree = apply(tree, Overrides(shared), problems)
    tree = tree.having(
        **{
            key: _given(key, one, problems)
            for key, one in options.items()
            if key not in shared and one is not None
        }
    )
    tree = beneath(tree, defaults)
    tree = tree._replace(value=_texts(spelled_out(tree.entries)))
    for key in needed:
        if tree.entries.get(key, _NOTHING).value in (None, {}):
            problems.append(Problem(_unsaid(tree, key), "is missing"))
    try:
        service = Service.model_validate(tree.plain())
    except ValidationError as error:
        found = [problem_of(tree, one, _unknown) for one in error.errors(include_url=False)]
        raise SpecError([*problems, *(_missing(tree, one) for one in found)]) from None
    for fault in coherence.check(service):
        place = _place(tree, fault.path, service)
        problems.append(Problem(place, fault.message + _better(fault.better, place)))
    if problems:
        raise SpecError(problems)
    return service


def _given(key: str, value: object, problems: list[Problem]) -> Given:
    place = Place(option="--" + key.replace("_", "-"))
    return word(value, place) if isinstance(value, str) else from_python(value, place, problems)


def _texts(fields: dict[str, Given]) -> dict[str, Given]:
    return {key: one.as_text() if key in _TEXTS else one for key, one in fields.items()}


def _place(tree: Given, path: tuple[object, ...], service: Service) -> Place:
    """Where it was said; of what was not, what would say it."""
    found = tree.find(path).place
    key = str(path[0])
    if found.option and key == "server":  # each of its entries is an option of its own
        return Place(option=", ".join(map(_option, service.server)))
    return found if found.option or found.source else _unsaid(tree, key)


def _unsaid(tree: Given, key: str) -> Place:
    """What would say it: a key of the file, where there is one; else an option."""
    source = tree.place.source
    return Place(source, path=(key,)) if source else Place(option=_option(key))


def _better(better: tuple[str, str] | None, place: Place) -> str:
    """What would mend it, in the words in which the rest was said."""
    if better is None:
        return ""
    key, value = better
    return f": `{key}: {value}`" if place.source else f": {_option(key)} {value}"


def _missing(tree: Given, problem: Problem) -> Problem:
    """A missing one has no place yet."""
    key = problem.message.removesuffix(" is missing").strip("`")
    if key not in Service.model_fields or problem.place.option:
        return problem
    return Problem(_unsaid(tree, key), "is missing")


def _option(key: str) -> str:
    return "--" + {"volumes": "volume", "secrets": "secret"}.get(key, key).replace("_", "-")


def _unknown(path: list[str | int]) -> str:
    return f"unknown key{did_you_mean(str(path[-1]), Service.model_fields)}"

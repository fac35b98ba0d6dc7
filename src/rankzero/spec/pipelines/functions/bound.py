"""A function that a step calls: what its parameters get, and how a process of its own finds it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from rankzero.script.step import MODULE as STEP
from rankzero.script.steps import parts
from rankzero.spec.pipelines.functions.words import BadArgument

_NOT_IN_A_JOB = ("run", "args", "outputs", "workdir")


def arguments(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    items: Iterable[str],
) -> dict[str, Any]:
    """What a call gives, by parameter. items: the parameters that an item gives. Errors:
    BadArgument, as Python would raise TypeError."""
    names = dict.fromkeys(items)
    signature = inspect.signature(function)
    try:
        taken = signature.bind_partial(*args).arguments
        if twice := [name for name in names if name in taken]:
            raise BadArgument(f"`{twice[0]}` comes from each(): give the others by their names")
        call = signature.bind(*args, **{**kwargs, **names})
    except TypeError as error:
        raise BadArgument(f"{error}") from None
    given: dict[str, Any] = {}
    for name, parameter in call.signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise BadArgument(f"`{name}` cannot be given by its name, as a step's parameters are")
        if parameter.kind == parameter.VAR_KEYWORD:
            given.update(call.arguments.get(name, {}))
        elif name in call.arguments:
            given[name] = call.arguments[name]
    return {name: value for name, value in given.items() if name not in names}


def target(function: Callable[..., Any], file: Path) -> str:
    """Its name, for one in the pipeline's file; else with its module. Errors: BadArgument."""
    plain: Any = inspect.unwrap(function)
    if plain.__qualname__ != plain.__name__ or not plain.__name__.isidentifier():
        raise BadArgument(
            f"{plain.__qualname__} is within something else: put it at the top of a file, where a "
            "process of its own finds it"
        )
    if inspect.iscoroutinefunction(plain):
        raise BadArgument(f"{plain.__name__} is async; a step's function runs its loop itself")
    return plain.__name__ if home(function) == file else f"{plain.__module__}:{plain.__name__}"


def home(function: Callable[..., Any]) -> Path:
    """The file that it is in."""
    plain: Any = inspect.unwrap(function)
    return Path(plain.__code__.co_filename).absolute()


def code(given: object, function: Callable[..., Any], workdir: Path) -> list[str]:
    """What its result depends on: always its own file, where that is in the folder."""
    file = home(function)
    own = [str(file.relative_to(workdir))] if workdir in file.parents else []
    return [*dict.fromkeys([*map(str, parts(given)), *own])]


def as_job(job: object, words: list[str], name: str) -> dict[str, Any]:
    """A job each of whose ranks calls the function. Errors: BadArgument."""
    if not isinstance(job, Mapping):
        raise BadArgument("`job` must be a mapping of a job file's keys, such as {'nodes': 2}")
    for key in _NOT_IN_A_JOB:
        if key in job:
            raise BadArgument(f"`{key}` is not for a job that calls a function; leave it out")
    return {"name": name, **job, "run": {"module": STEP}, "args": words}

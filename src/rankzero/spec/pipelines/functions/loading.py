"""From a file with decorated functions, or one such function, to a pipeline."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import rankzero
from rankzero.script.imported import imported
from rankzero.script.steps import At, reading
from rankzero.script.steps import Pipeline as Written
from rankzero.spec.given import Given, from_python
from rankzero.spec.names import valid
from rankzero.spec.params import Params
from rankzero.spec.pipelines.functions.calls import Calls
from rankzero.spec.pipelines.functions.hints import BadHint, hints_of, kind_of
from rankzero.spec.pipelines.functions.later import NotKnownYet
from rankzero.spec.pipelines.functions.words import BadArgument
from rankzero.spec.pipelines.making import Making
from rankzero.spec.pipelines.model import Pipeline
from rankzero.spec.problems import Place, Problem, SpecError, did_you_mean

_OURS = str(Path(rankzero.__file__).absolute().parent) + os.sep
_TOLD = (NotKnownYet, BadArgument, BadHint)


def is_python(text: str) -> bool:
    """Whether `FILE.py` or `FILE.py:NAME` is meant."""
    return split(text)[0].endswith(".py")


def split(text: str) -> tuple[str, str]:
    """The file, and the pipeline's name in it, if any."""
    file, colon, name = text.rpartition(":")
    return (file, name) if colon and file.endswith(".py") else (text, "")


def load(text: str, sets: Sequence[str], defaults: Given) -> Pipeline:
    """`pipeline.py` or `pipeline.py:NAME`. Errors: SpecError."""
    file, name = split(text)
    if not Path(file).is_file():
        raise SpecError([Problem(Place(file), "there is no such file")])
    with _path_kept(), contextlib.redirect_stdout(sys.stderr):
        with _told(file, file):
            module = imported(file)
        return _made(_chosen(module, file, name), file, sets, defaults)


def made(written: Written[..., Any], sets: Sequence[str], defaults: Given) -> Pipeline:
    """The pipeline of a decorated function. Errors: SpecError."""
    file = inspect.unwrap(written.function).__code__.co_filename
    if not Path(file).is_file():
        message = f"{written.__name__} must be in a file: its steps are processes that read it"
        raise SpecError([Problem(Place(), message)])
    with contextlib.redirect_stdout(sys.stderr):
        return _made(written, _short(file), sets, defaults)


def _made(written: Written[..., Any], file: str, sets: Sequence[str], defaults: Given) -> Pipeline:
    problems: list[Problem] = []
    path = Path(file).absolute()
    own = Path(inspect.unwrap(written.function).__code__.co_filename).absolute()
    path, file = (path, file) if own == path else (own, _short(str(own)))

    def named(source: str) -> str:
        return file if Path(source).absolute() == path else _short(source)

    top = Place(named(written.at.file), (), written.at.line)
    said = {key: value for key, (value, _) in written.said.items()}
    workdir = path.parent / str(said.pop("workdir", "."))
    declared = _params(written, top, problems)
    values = Params(declared, sets, problems).values
    if problems:
        raise SpecError(problems)
    calls = Calls(path, Path(os.path.normpath(workdir)), named, problems)
    with _told(file, named(written.at.file), problems), reading(calls):
        written.function(**{name: one.value for name, one in values.items()})
    if not calls.steps:
        raise SpecError([*problems, Problem(top, "calls no step")])
    tree = from_python({**said, "workdir": str(workdir)}, top, problems)
    tree = tree.having(params=declared, steps=Given(calls.steps, top))
    name = valid(written.__name__, otherwise="pipeline")
    return Making(path.parent, defaults, problems).pipeline(tree, sets, name)


def _params(written: Written[..., Any], top: Place, problems: list[Problem]) -> Given:
    """A function's parameters as a file's `params`."""
    try:
        types = hints_of(written.function)
    except BadHint as error:
        problems.append(Problem(top, f"{error}"))
        types = {}
    declared: dict[str, Any] = {}
    for name, parameter in inspect.signature(written.function).parameters.items():
        default = None if parameter.default is parameter.empty else parameter.default
        declared[name] = {"default": default}
        with contextlib.suppress(BadHint):
            if kind_of(types.get(name)) in ("int", "float", "str", "bool"):
                declared[name]["type"] = kind_of(types.get(name))
    place = top._replace(path=("params",))
    return from_python(declared, place, problems)


def _chosen(module: ModuleType, file: str, name: str) -> Written[..., Any]:
    """Errors: SpecError where it is not clear which one is meant."""
    found = {key: one for key, one in vars(module).items() if isinstance(one, Written)}
    own = {key: one for key, one in found.items() if one.function.__module__ == module.__name__}
    if name:
        if name in found:
            return found[name]
        known = did_you_mean(name, found)
        raise SpecError([Problem(Place(file), f'there is no pipeline "{name}"{known}')])
    own = own or found
    if len({*map(id, own.values())}) == 1:
        return next(iter(own.values()))
    if not own:
        message = "holds no pipeline: a function with @rankzero.pipeline that calls its steps"
        raise SpecError([Problem(Place(file), message)])
    first = next(iter(own))
    message = f"holds {len(own)} pipelines: {', '.join(own)}; name one, as in {file}:{first}"
    raise SpecError([Problem(Place(file), message)])


@contextlib.contextmanager
def _told(file: str, otherwise: str, problems: Sequence[Problem] = ()) -> Iterator[None]:
    """What the user's own lines raise is a problem with a place. Errors: SpecError."""
    try:
        yield
    except SpecError:
        raise
    except (Exception, SystemExit) as error:
        at = _line(error, error.__traceback__)
        same = at is not None and Path(at.file).absolute() == Path(file).absolute()
        source = otherwise if at is None else file if same else _short(at.file)
        message = f"{error}" if isinstance(error, _TOLD) else _raised(error)
        place = Place(source, (), None if at is None else at.line)
        raise SpecError([*problems, Problem(place, message)]) from error


def _raised(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"is not Python: {error.msg}"
    if isinstance(error, SystemExit):
        return "ends the program while it is read"
    return f"{type(error).__name__}: {error}"


def _line(error: BaseException, trace: TracebackType | None) -> At | None:
    """The last of the user's own lines on the way to an error."""
    if isinstance(error, SyntaxError) and error.filename:
        return At(error.filename, error.lineno or 1)
    frames = [
        At(frame.filename, frame.lineno or 1)
        for frame in traceback.extract_tb(trace)
        if not frame.filename.startswith((_OURS, "<"))
    ]
    return frames[-1] if frames else None


@contextlib.contextmanager
def _path_kept() -> Iterator[None]:
    """The user's folder is not where our own imports are looked for later on."""
    before = [*sys.path]
    try:
        yield
    finally:
        sys.path[:] = before


def _short(file: str) -> str:
    """From the current folder, where it is in it."""
    path = Path(file).absolute()
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

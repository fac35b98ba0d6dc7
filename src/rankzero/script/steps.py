"""`@rankzero.step` and `@rankzero.pipeline`: functions as steps, and one that puts them together.

A step stays the function that it was: called in a test, or in a program, it runs there. Only while
a pipeline's own function is read does a call stand for a step of the graph. Nothing is registered
anywhere, so a file may hold any number of both. Standard library only: this file is imported in the
process of every step.
"""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Generic,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    overload,
)

if sys.version_info >= (3, 10):
    from typing import ParamSpec
else:
    ParamSpec = TypeVar

if TYPE_CHECKING:
    from typing_extensions import Protocol, TypedDict, Unpack

    class Wishes(TypedDict, total=False):
        """What a step is, beside its function: keys of a step in a pipeline file."""

        name: str
        needs: Any
        when: Any
        retries: int
        timeout: Union[str, float]
        cache: bool
        code: Union[str, Sequence[str]]
        env: Mapping[str, Any]

    class FunctionWishes(Wishes, total=False):
        """returns: the name, or names, of what it hands on. job: keys of a job file; then each rank
        of that job calls the function."""

        returns: Union[str, Sequence[str]]
        job: Mapping[str, Any]

    class OtherWishes(Wishes, total=False):
        """inputs: what it takes, by name. outputs: names of files and folders, or names with
        `path`, `value` or a type."""

        inputs: Mapping[str, Any]
        outputs: Union[Sequence[str], Mapping[str, Any]]

    class Reader(Protocol):
        """Whoever takes down the calls while a pipeline's function is read."""

        def step(self, step: Step[..., Any], args: Any, kwargs: Any, at: At) -> Any: ...

        def command(self, words: Tuple[Any, ...], wishes: Said, at: At) -> Any: ...

        def job(self, job: Any, wishes: Said, at: At) -> Any: ...

        def service(self, service: Any, wishes: Said, at: At) -> Any: ...


P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class At(NamedTuple):
    """A line of the user's own."""

    file: str
    line: int


#: What was wished for, and where.
Said = Dict[str, Tuple[Any, At]]
_reader: ContextVar[Optional["Reader"]] = ContextVar("reader", default=None)


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """In this block calls of steps are told to a reader, and nothing runs."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


class Step(Generic[P, R]):
    """A function that can be a step of pipelines. `function` is the plain one."""

    __name__: str

    def __init__(
        self, function: Callable[P, R], said: Said, at: At, through: Optional[Through] = None
    ) -> None:
        self.function, self.said, self.at, self.through = function, said, at, through
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return "<rankzero step %s>" % self.function.__qualname__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        reader = _reader.get()
        if reader is not None:
            result: R = reader.step(self, args, kwargs, _caller())
            return result
        if self.said.get("when", (True,))[0] is False:
            return None  # type: ignore[return-value]
        if self.through is not None:
            given = [dict(kwargs, **one) for one in self.through.given()]
            return [self.function(*args, **one) for one in given]  # type: ignore[return-value]
        return self.function(*args, **kwargs)

    def options(self, **wishes: Unpack[FunctionWishes]) -> Step[P, R]:
        """The same step with other wishes, for one call: `train.options(retries=2)(data)`."""
        said = dict(self.said, **_said(wishes, _caller()))
        return Step(self.function, said, self.at, self.through)

    def each(self, items: Any = None, **one: Any) -> Callable[..., Any]:
        """It is done for every item of a list, side by side, and gives lists: `train.each(lr=[0.1,
        0.01])(data)`. Without a name, items are mappings of parameters to values. A list may be
        what an earlier step returns.

        Errors: TypeError where it is not clear what is gone through.
        """
        if (items is None) == (not one) or len(one) > 1:
            raise TypeError("each() takes one parameter with its list, or a list of mappings")
        name, through = next(iter(one.items()), ("", items))
        return Step(self.function, self.said, self.at, Through(name, through, _caller()))


class Through(NamedTuple):
    """What a step goes through. name: of the parameter that gets an item; empty where items are
    mappings of parameters."""

    name: str
    items: Any
    at: At

    def given(self) -> Iterator[Dict[str, Any]]:
        """The parameters for each item."""
        return ({self.name: item} if self.name else dict(item) for item in self.items)


class Pipeline(Generic[P, R]):
    """A function that puts steps together. Its parameters are the pipeline's params, with values
    when it is read; called as it is, it does its steps one by one in this process."""

    __name__: str

    def __init__(self, function: Callable[P, R], said: Said, at: At) -> None:
        self.function, self.said, self.at = function, said, at
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return "<rankzero pipeline %s>" % self.function.__qualname__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def run(self, **params: Any) -> Any:
        """Run it here to its end, as `rankzero pipeline run` does, with these params; see
        `rankzero.run_pipeline`, whose handle's `wait()` this is."""
        return self.start(**params).wait()

    def start(self, **params: Any) -> Any:
        """Start it, and return at once with its handle; see `rankzero.run_pipeline`."""
        import rankzero

        return rankzero.run_pipeline(self, params=params)

    def show(self, output: str = "text", **params: Any) -> str:
        """Its graph as `text`, `svg` or `mermaid`."""
        import rankzero

        return rankzero.show_pipeline(self, output, params)


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(**wishes: Unpack[FunctionWishes]) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Any = None, /, **wishes: Any) -> Any:
    """Make a step of a function: `@step`, or `@step(retries=2, timeout="5m")`.

    Its parameters are what it takes: values, and paths as `pathlib.Path`. What it returns is what
    it hands on: a value (str, int, float, bool, list, dict), a Path, or a NamedTuple of them.
    """
    at = _caller()
    if function is not None:
        return Step(function, {}, _place(function, at))
    return lambda inner: Step(inner, _said(wishes, at), _place(inner, at))


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(
    *, name: str = ..., workdir: str = ..., env: Mapping[str, Any] = ...
) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(function: Any = None, /, **wishes: Any) -> Any:
    """Make a pipeline of a function that calls steps; what one returns is given to the next."""
    at = _caller()
    if function is not None:
        return Pipeline(function, {}, _place(function, at))
    return lambda inner: Pipeline(inner, _said(wishes, at), _place(inner, at))


def command(*words: Any, **wishes: Unpack[OtherWishes]) -> Any:
    """A step that is a command: `command("cat", model)`, or one text as a shell would split it.
    What earlier steps hand on may stand in it, also within a text: `f"--data={data}"`."""
    return _inside("command").command(words, _said(wishes, _caller()), _caller())


def job(job: Union[str, Mapping[str, Any]], **wishes: Unpack[OtherWishes]) -> Any:
    """A step that is a job: keys as in a job file, or the path of one."""
    return _inside("job").job(job, _said(wishes, _caller()), _caller())


def service(service: Mapping[str, Any] | str, **wishes: Unpack[OtherWishes]) -> Any:
    """A step that is a service, which is left running: keys as in a service file, or the path of
    one. It hands on its address."""
    return _inside("service").service(service, _said(wishes, _caller()), _caller())


def _inside(what: str) -> Reader:
    reader = _reader.get()
    if reader is None:
        raise RuntimeError(
            "%s(...) is a step: call it in the function of a @rankzero.pipeline, and run that"
            % what
        )
    return reader


def _said(wishes: Mapping[str, Any], at: At) -> Said:
    return {key: (value, at) for key, value in wishes.items()}


def _caller() -> At:
    """Whoever called the function that asks."""
    frame = sys._getframe(2)
    return At(frame.f_code.co_filename, frame.f_lineno)


def _place(function: Any, otherwise: At) -> At:
    code = getattr(function, "__code__", None)
    return otherwise if code is None else At(code.co_filename, code.co_firstlineno)


def parts(given: Any) -> List[Any]:
    """One, or the several in a list, as a list."""
    return [*given] if isinstance(given, (list, tuple)) else [given]

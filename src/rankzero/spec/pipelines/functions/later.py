"""What a step returns, while its pipeline is put together: it stands for what only its doing knows.

It can be handed to other steps, compared for a condition, and written into a text. All else would
need it now, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from rankzero.driver.filling import literal
from rankzero.spec.params import text_of


class NotKnownYet(TypeError):
    """Something was asked of a value that nobody has yet."""


class Output(NamedTuple):
    """What a step hands on. kind: `Path`, a value's type (see `rankzero.script.step`), or empty
    for a value that may be any. part: whether it is a part of what a function returns. inner: of a
    list, the kind of what it holds."""

    name: str
    kind: str
    part: bool = False
    inner: str = ""


class Later:
    """One output. many: of a step that goes through a list, so there is one for each item."""

    def __init__(self, step: str, output: Output, many: bool = False) -> None:
        self.step, self.output, self.many = step, output, many

    @property
    def source(self) -> str:
        return f"{self.step}.{self.output.name}"

    def __str__(self) -> str:
        return f"${{{self.source}}}"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return str(self) if not spec else self._refuse("formatting it")

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return _compared(self, "==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return _compared(self, "!=", other)

    def __lt__(self, other: object) -> Condition:
        return _compared(self, "<", other)

    def __le__(self, other: object) -> Condition:
        return _compared(self, "<=", other)

    def __gt__(self, other: object) -> Condition:
        return _compared(self, ">", other)

    def __ge__(self, other: object) -> Condition:
        return _compared(self, ">=", other)

    def __and__(self, other: object) -> Condition:
        return condition(self) & other

    def __or__(self, other: object) -> Condition:
        return condition(self) | other

    def __invert__(self) -> Condition:
        return ~condition(self)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        self._refuse("deciding by it", "say it as a condition: STEP.options(when=...)(...)")

    def __iter__(self) -> Iterator[object]:
        self._refuse("going through it", "let a step do so: STEP.each(NAME=...)(...)")

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f"`.{name}` of it")

    def _refuse(self, what: str, instead: str = "") -> NoReturn:
        how = instead or "do that in the step that takes it"
        message = f"what `{self.step}` hands on is known only when it is done, and {what} needs it"
        raise NotKnownYet(f"{message} now: {how}")


def _needs(what: str) -> object:
    def refuse(self: Later, *_: object) -> NoReturn:
        self._refuse(what)

    return refuse


for _name, _what in {
    **dict.fromkeys(("add", "radd", "sub", "rsub", "mul", "rmul"), "reckoning with it"),
    **dict.fromkeys(("truediv", "rtruediv", "floordiv", "mod", "neg"), "reckoning with it"),
    **dict.fromkeys(("int", "float", "index"), "making a number of it"),
    **dict.fromkeys(("len", "getitem", "contains"), "looking into it"),
    "fspath": "opening it",
    "call": "calling it",
}.items():
    setattr(Later, f"__{_name}__", _needs(_what))


class Called:
    """A step that was called, with its outputs as attributes; it may be unpacked into them. One
    with a single output stands for that in all that can be done with it. Its own three are named as
    no output is. nothing: why it has no outputs, where it has none."""

    def __init__(self, step: str, outputs: list[Later], nothing: str = "") -> None:
        self.of_step, self._nothing = step, nothing
        self.by_name = {one.output.name: one for one in outputs}

    def __repr__(self) -> str:
        return f"<step {self.of_step}>"

    def __getattr__(self, name: str) -> Later:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self.by_name:
            known = f"; it has {', '.join(self.by_name)}" if self.by_name else f": {self._nothing}"
            raise NotKnownYet(f"`{self.of_step}` hands on no `{name}`{known}")
        return self.by_name[name]

    def __iter__(self) -> Iterator[Later]:
        if not self.by_name:
            raise NotKnownYet(self.unclear())
        return iter(self.by_name.values())

    __hash__ = object.__hash__

    def unclear(self) -> str:
        """Why it is not clear what it stands for; empty where it is."""
        if not self.by_name:
            return f"`{self.of_step}` hands on nothing: {self._nothing}"
        if len(self.by_name) > 1:
            first = next(iter(self.by_name))
            names = ", ".join(self.by_name)
            return f"`{self.of_step}` hands on {names}: take one of them, such as its `.{first}`"
        return ""

    def the_one(self) -> Later:
        """What it stands for. Errors: NotKnownYet where that is not clear."""
        if why := self.unclear():
            raise NotKnownYet(why)
        return next(iter(self.by_name.values()))


def _of_the_one(name: str) -> object:
    def passed_on(self: Called, *given: object) -> object:
        return getattr(self.the_one(), name)(*given)

    return passed_on


_OF_OBJECT = ("__init__", "__getattr__", "__iter__", "__repr__", "__hash__", "__module__")
for _name in [key for key, value in vars(Later).items() if callable(value)]:
    if _name.startswith("__") and _name not in _OF_OBJECT:
        setattr(Called, _name, _of_the_one(_name))


class Condition:
    """Something to be decided once its values are known; `&`, `|` and `~` join them."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __and__(self, other: object) -> Condition:
        return Condition(f"({self.text}) and ({condition(other).text})")

    def __or__(self, other: object) -> Condition:
        return Condition(f"({self.text}) or ({condition(other).text})")

    def __invert__(self) -> Condition:
        return Condition(f"not ({self.text})")

    def __bool__(self) -> bool:
        raise NotKnownYet(
            f"whether {self.text} is known only when its step is done: say it by "
            "STEP.options(when=...)(...); `&`, `|` and `~` stand for and, or, not"
        )


def condition(value: object) -> Condition:
    """Errors: NotKnownYet for what cannot be decided later."""
    if isinstance(value, Condition):
        return value
    if isinstance(value, Called):
        value = value.the_one()
    if isinstance(value, Later):
        return Condition(f"{value} == true")
    if isinstance(value, bool):
        return Condition(text_of(value))
    raise NotKnownYet(f"a condition compares what steps hand on; got {value!r}")


def _compared(left: Later, sign: str, right: object) -> Condition:
    if isinstance(right, Called):
        right = right.the_one()
    if isinstance(right, Later):
        return Condition(f"{left} {sign} {right}")
    if not isinstance(right, (bool, int, float, str)):
        raise NotKnownYet(f"`{left.source}` can be compared with a number or a text; got {right!r}")
    return Condition(f"{left} {sign} {literal(text_of(right))}".replace("$${", "${"))

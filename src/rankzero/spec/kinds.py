"""The types of the model's fields: what each accepts, and what it says when it cannot.

A message follows the value's place and is followed by what was got, so it begins with
"must be".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from rankzero.spec import names, units

#: `${name}` may stand where a number is wanted; the schema has to let it through.
_PARAM = {"type": "string", "pattern": r"\$\{[^}]+\}"}

T = TypeVar("T")
_SURROGATE = re.compile("[\ud800-\udfff]")


def fault(message: str, code: str = "kind") -> PydanticCustomError:
    """An error whose text is `message`. Code `whole`: the message needs no `got ...`."""
    return PydanticCustomError(code, "{text}", {"text": message})


def by(parse: Callable[[object], T]) -> Callable[[object], T]:
    """A check of a value: what the parser makes of it."""

    def check(value: object) -> T:
        try:
            return parse(value)
        except ValueError as error:
            raise fault(str(error)) from None

    return check


def _positive(value: object) -> float:
    number = units.seconds(value)
    if number <= 0:
        raise ValueError("must be a time above 0")
    return number


def _between(low: int, high: int, what: str = "") -> Callable[[object], int]:
    limits = f"{low} to {high:,}" if high >= 1_000_000 else f"{low} to {high}"

    def check(value: object) -> int:
        number = units.whole(value)
        if number is None or not low <= number <= high:
            raise fault(f"must be {what or 'a whole number'}, {limits}")
        return number

    return check


def _nproc(value: object) -> int | str:
    number = units.whole(value)
    if value in ("gpu", "cpu"):
        return str(value)
    if number is None or number < 1:
        raise fault('must be at least 1, "gpu" or "cpu"')
    if number > 1024:
        raise fault("must be at most 1024 ranks a node")
    return number


def _name(value: str) -> str:
    message = names.fault(value)
    if message:
        raise fault(message)
    return value


def _role_name(value: str) -> str:
    message = names.fault(value, names.LONGEST_ROLE)
    if message:
        raise fault(f"a role's name {message}", "whole")
    return value


def text_checked(value: str) -> str:
    """The text, where it can reach a process."""
    message = text_fault(value)
    if message:
        raise fault(message)
    return value


def text_fault(value: str) -> str | None:
    """Why a text cannot reach a process as a word, a variable or a path; None where it can."""
    if "\0" in value:
        return "must not hold a NUL character"
    # A lone surrogate: half a character, or a byte of the command line that is no UTF-8.
    return None if value.isascii() or not _SURROGATE.search(value) else "must be valid Unicode text"


def _filled(value: str) -> str:
    if not value.strip():
        raise fault("must not be empty")
    return text_checked(value)


def matching(pattern: str, message: str, code: str = "kind") -> Callable[[str], str]:
    """A check of a text: all of it must fit the pattern."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise fault(message, code)
        return value

    return check


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not words[0].strip():
        raise fault("must not be an empty command", "whole")
    if words[0].startswith("-"):
        raise fault("must begin with a program", "whole")
    return words


def _integer(low: int, high: int | None = None, *others: dict[str, Any]) -> WithJsonSchema:
    number: dict[str, Any] = {"type": "integer", "minimum": low}
    if high is not None:
        number["maximum"] = high
    return WithJsonSchema({"anyOf": [number, *others, _PARAM]})


_TIME = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]"}]}
_AMOUNT = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}

Text = Annotated[str, AfterValidator(text_checked)]
Filled = Annotated[str, AfterValidator(_filled)]
#: A tuple also takes a list: that is what JSON and YAML have.
Texts = Annotated[tuple[Text, ...], Strict(False)]
#: A program and its words.
Command = Annotated[Texts, AfterValidator(_command)]

Name = Annotated[str, AfterValidator(_name)]
RoleName = Annotated[str, AfterValidator(_role_name)]
Duration = Annotated[float, PlainValidator(by(units.seconds)), WithJsonSchema(_TIME)]
Timeout = Annotated[float, PlainValidator(by(_positive)), WithJsonSchema(_TIME)]
Bytes = Annotated[int, PlainValidator(by(units.size)), WithJsonSchema(_AMOUNT)]
Processors = Annotated[float, PlainValidator(by(units.processors)), WithJsonSchema(_AMOUNT)]
Memory = Annotated[str, PlainValidator(by(units.memory)), WithJsonSchema(_AMOUNT)]
Quantity = Annotated[str, PlainValidator(by(units.quantity)), WithJsonSchema(_AMOUNT)]
Port = Annotated[
    int,
    PlainValidator(_between(1, 65535, "a port")),
    WithJsonSchema(_integer(1, 65535).json_schema),
]
#: `amd.com/gpu=2` says the cluster's name for them as well.
_NAMED_GPUS = {"type": "string", "pattern": r"^[^=]+=[0-9]+$"}
Gpus = Annotated[
    int,
    PlainValidator(_between(0, 1024, "a number of GPUs")),
    _integer(0, None, _NAMED_GPUS),
]
Restarts = Annotated[int, PlainValidator(_between(0, 1_000_000)), _integer(0)]
#: As many as Kubernetes can count.
Seconds = Annotated[int, PlainValidator(_between(0, 2**63 - 1, "a number of seconds")), _integer(0)]
Nproc = Annotated[
    int | Literal["gpu", "cpu"],
    PlainValidator(_nproc),
    _integer(1, 1024, {"enum": ["gpu", "cpu"]}),
]

EnvName = Annotated[
    str,
    AfterValidator(
        matching(r"[!-<>-~]+", "a variable's name is printable ASCII without `=`", "whole")
    ),
]
PortName = Annotated[
    str,
    AfterValidator(
        matching(
            r"(?=.{1,15}$)[a-z]([a-z0-9-]*[a-z0-9])?",
            "a port's name is at most 15 lower-case letters, digits and dashes",
            "whole",
        )
    ),
]
#: What Kubernetes takes for a name that may have dots, and for the key of a label.
_PART = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
DOTTED = rf"(?=.{{1,253}}$){_PART}(\.{_PART})*"
KEY = rf"((?=[^/]{{1,253}}/){_PART}(\.{_PART})*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?"
#: And for its value.
VALUE = r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
LabelKey = Annotated[
    str,
    AfterValidator(
        matching(KEY, 'a label\'s key is such as "team" or "example.com/team"', "whole")
    ),
]
LabelValue = Annotated[
    str,
    AfterValidator(
        matching(
            VALUE,
            "must be at most 63 letters, digits, dashes, dots and underscores",
        )
    ),
]
Labels = dict[LabelKey, LabelValue]
ModuleName = Annotated[
    str, AfterValidator(matching(r"\w+(\.\w+)*", "must be a module's dotted name"))
]


def _range(value: object) -> object:
    if isinstance(value, (int, str, float)):
        low, high = by(units.nodes)(value)
        return {"minimum": low, "maximum": high}
    return value


#: Before a model of a minimum and a maximum: `2` or `"1:4"`.
NodesBefore = BeforeValidator(_range)
NODES_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": r"^[0-9]+(:[0-9]+)?$|\$\{[^}]+\}"},
        ]
    }
)

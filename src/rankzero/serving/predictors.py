"""The user's class: found, checked, and made."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from rankzero.errors import BadRequest
from rankzero.serving.types.base import Kind, Sample, Sampled
from rankzero.serving.types.plain import Json

#: The name under which a predictor's file is imported.
MODULE = "predictor"


def split(target: str) -> tuple[str, str]:
    """`app.py:Predictor`: its file or module, and its class. Errors: BadRequest."""
    where, sign, name = target.rpartition(":")
    if not sign or not where or not name.isidentifier():
        raise BadRequest(
            f'"{target}" names no predictor.', "Write FILE.py:CLASS, such as app.py:Predictor"
        )
    if where.endswith(".py") and not Path(where).is_file():
        raise BadRequest(f"there is no file {where}.")
    return where, name


class Predictor:
    """The user's predictor, with what it takes and gives."""

    def __init__(self, target: str) -> None:
        """Import it. Errors: BadRequest, and whatever the user's file raises."""
        where, name = split(target)
        module = _imported(where)
        made = getattr(module, name, None)
        if not inspect.isclass(made):
            near = [
                key
                for key, one in vars(module).items()
                if inspect.isclass(one) and hasattr(one, "predict")
            ]
            raise BadRequest(
                f"{where} has no class {name}.", f"It has: {', '.join(near)}" if near else None
            )
        self.name = name
        self._class = made
        self.input = _kind(made, "input", "decode")
        self.output = _kind(made, "output", "encode")
        if not callable(getattr(made, "predict", None)):
            raise BadRequest(f"{name} has no method predict(self, batch).")
        self._user: Any = None

    @property
    def title(self) -> str:
        return str(getattr(self._class, "title", "") or "")

    @property
    def description(self) -> str:
        """The first paragraph of its docstring."""
        return (inspect.getdoc(self._class) or "").partition("\n\n")[0].replace("\n", " ")

    def load(self, path: str | None) -> None:
        """Make it, with its model. Errors: BadRequest, and whatever it raises."""
        missing = [one for kind in (self.input, self.output) for one in kind.missing()]
        if missing:
            packages = " ".join(dict.fromkeys(missing))
            hint = f"Install it: pip install {packages}"
            raise BadRequest(f"{self.name} needs what is not installed: {packages}.", hint)
        self._user = self._class()
        if callable(loading := getattr(self._user, "load", None)):
            loading(None if path is None else Path(path))

    def predict(self, batch: list[Any]) -> Any:
        """What it returned, whatever that is."""
        return self._user.predict(batch)

    def samples(self) -> list[tuple[str, Sampled]]:
        """Each with its name. Errors: BadOutput, and whatever it raises."""
        if not callable(making := getattr(self._user, "samples", None)):
            return []
        named = [_named(one, place) for place, one in enumerate(making() or [])]
        return [(one.name, self.input.sample(one.value)) for one in named]


def _named(value: Any, place: int) -> Sample:
    return value if isinstance(value, Sample) else Sample(f"sample {place + 1}", value)


def _kind(made: type, which: str, verb: str) -> Kind:
    """Errors: BadRequest."""
    kind = getattr(made, which, None)
    if kind is None:
        return Json()
    if inspect.isclass(kind) and issubclass(kind, Kind):
        hint = f"Write {which} = {kind.__name__}()"
        raise BadRequest(
            f"{made.__name__}.{which} is the class {kind.__name__}, not one of its kind.", hint
        )
    if not isinstance(kind, Kind) or getattr(type(kind), verb) is getattr(Kind, verb):
        says = f"{made.__name__}.{which} is {type(kind).__name__}, which can be no {which}."
        raise BadRequest(says, "See the kinds: docs/reference/predictors.md")
    return kind


def _imported(where: str) -> ModuleType:
    """A file as module `predictor`, with its folder first on the path as Python does for scripts;
    or a module by its name, from the current folder too."""
    if not where.endswith(".py"):
        sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(where)
    path = Path(where).resolve()
    sys.path.insert(0, str(path.parent))
    found = importlib.util.spec_from_file_location(MODULE, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[MODULE] = module
    found.loader.exec_module(module)
    return module

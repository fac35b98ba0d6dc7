"""A user's file of steps as a module, without running what it holds below `__main__`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from contextlib import contextmanager
from typing import Any, Iterator

#: The files that are just being imported.
_importing = []  # type: list[str]


def imported(file: str) -> Any:
    """The module in a file, with its folder on `sys.path` from now on, as Python does for a script.

    Errors: ImportError where it is no file of Python; whatever the file raises.
    """
    path = os.path.abspath(file)
    folder, base = os.path.split(path)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    name = _name(os.path.splitext(base)[0], path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("%s is no file of Python" % file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where type hints and pickles look for it
    with _noted(path):
        spec.loader.exec_module(module)
    return module


def function(file: str, name: str) -> Any:
    """What a step calls: `load` is in the file, `package.module:load` is elsewhere.

    Errors: AttributeError, ImportError; whatever a file raises.
    """
    home, _, name = name.rpartition(":")
    if home:
        folder = os.path.dirname(os.path.abspath(file))
        if folder not in sys.path:
            sys.path.insert(0, folder)
        with _noted(home):
            module = importlib.import_module(home)
    else:
        module = imported(file)
    found = getattr(module, name)
    return getattr(found, "function", found)


def check_not_importing(what: str) -> None:
    """Errors: RuntimeError while a file is imported: each of its steps would run them all."""
    if _importing:
        raise RuntimeError(
            "%s is called while %s is imported, as it is by each of its steps: put it below "
            '`if __name__ == "__main__":`' % (what, os.path.basename(_importing[-1]))
        )


@contextmanager
def _noted(path: str) -> Iterator[None]:
    _importing.append(path)
    try:
        yield
    finally:
        _importing.pop()


def _name(stem: str, path: str) -> str:
    """The file's own, unless that is another module's: `queue.py` is no reason to lose `queue`."""
    known = sys.modules.get(stem)
    mine = known is None or getattr(known, "__file__", "") == path
    if mine and stem not in getattr(sys, "stdlib_module_names", ()):
        return stem
    return "steps of " + stem

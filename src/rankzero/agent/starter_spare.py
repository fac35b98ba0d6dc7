"""A spare: a rank's process before anybody knows which rank it will be.

It prepares itself, imports what its script would import first (`starter_early`), and waits for its
orders: the environment of a rank, which it then becomes. The script must not see a difference, and
what fails must fail as it would have: so wherever that is not certain, the process just ends, and
the agent starts the rank from nothing. What it prints stays in its pipe until it is a rank.
"""

from __future__ import annotations

import os
import sys

from rankzero.agent import starter
from rankzero.agent.starter_early import (
    DYNAMO,
    FRAMEWORK,
    FRAMEWORKS,
    OTHER,
    STANDARD,
    leading,
    needs_dynamo,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any, List, NoReturn

#: Ends a process that cannot be used; nobody reads it.
_UNFIT = 1
#: Packages that read who they are when they are imported, whoever else imports them: what brings
#: one of them in, such as a plug-in of PyTorch for a device, is not for spares.
_READ_THE_MEMBERSHIP = frozenset(
    (
        *("mpi4py", "horovod", "deepspeed", "jax", "jaxlib", "torch_xla", "habana_frameworks"),
        *("intel_extension_for_pytorch", "oneccl_bindings_for_pytorch", "torch_npu"),
    )
)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


def stand_by(orders: int, kind: str, target: str, args: List[str]) -> None:
    """Returns as a rank, with its environment; or ends this process."""
    os.set_inheritable(orders, False)
    try:
        os.chdir(os.environ.pop("RANKZERO_WORKDIR", "."))
        sources = _sources(kind, target)
        if _was_customised():
            _end()
        starter.prepare_python()
        _import_ahead(kind, target, args, sources)
        _take(orders)
        if sources != _sources(kind, target):
            _end()  # another script by now
    except BaseException:
        _end()
    from rankzero.script.channel import BECAME, channel

    if not channel.send(BECAME):
        _end()


def _end() -> NoReturn:
    os._exit(_UNFIT)


def _was_customised() -> bool:
    """Whether code of the user's ran at the interpreter's start: it may have looked for a rank."""
    modules = [sys.modules.get(name) for name in ("sitecustomize", "usercustomize")]
    files = [getattr(module, "__file__", None) or "" for module in modules if module]
    return not all(_is_standard(file) for file in files)


def _sources(kind: str, target: str) -> List[bytes]:
    """The files that run first, in their order. Errors: OSError.

    For a module, those of the packages around it come before its own; one that is not found in the
    working folder is not the user's, and its file is not known without imports.
    """
    if kind == "script":
        return [_read(target)]
    if getattr(sys.flags, "safe_path", False):
        return []
    *packages, name = target.split(".")
    folder, files = ".", []
    for package in packages:
        folder = os.path.join(folder, package)
        files.append(os.path.join(folder, "__init__.py"))
    path = os.path.join(folder, name)
    if os.path.isdir(path):
        files += [os.path.join(path, "__init__.py"), os.path.join(path, "__main__.py")]
    else:
        files.append(path + ".py")
    if not os.path.exists(files[-1]):
        return []
    return [_read(file) for file in files if os.path.exists(file)]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _import_ahead(kind: str, target: str, args: List[str], sources: List[bytes]) -> None:
    """With the very `sys.path` that the script will have, and all else that it has."""
    folder = starter.set_scene(kind, target, args)
    guard = _Guard(folder)
    try:
        found = _quietly(leading, sources, guard.judge)
        tops = {module.partition(".")[0] for module, _ in found}
        dynamo = "torch" in tops and _quietly(needs_dynamo, sources, guard.judge)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found, dynamo = [], False  # the script itself will say it
    if found:
        sys.meta_path.insert(0, guard)
        for module, names in found:
            __import__(module, sys.modules["__main__"].__dict__, {}, names, 0)
        if dynamo and _has_dynamo():
            __import__(DYNAMO)
        sys.meta_path.remove(guard)
    if folder:
        sys.path.remove(folder)
        sys.path_importer_cache.pop(folder, None)


def _quietly(work: Any, *args: Any) -> Any:
    """A parser's warnings come again when the script is compiled."""
    shown, sys.stderr = sys.stderr, _Nowhere()
    try:
        return work(*args)
    finally:
        sys.stderr = shown


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def _has_dynamo() -> bool:
    """Whether this PyTorch imports it by itself, and not only when it is told to compile."""
    torch = os.path.dirname(sys.modules["torch"].__file__ or "")
    return os.path.exists(os.path.join(torch, "_compile.py"))


class _Guard:
    """Says what a module is; and as a finder ends the process before anything is imported, by a
    framework as well, that is the user's or reads the membership."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def judge(self, name: str) -> str:
        """See `starter_early`. name: a top-level module."""
        spec = None if self._is_the_users(name) else self._find(name)
        if spec is None:
            return OTHER
        origin = spec.origin or ""
        if origin in ("built-in", "frozen") or _is_standard(origin):
            return STANDARD
        installed = any(folder in origin for folder in _INSTALLED)
        return FRAMEWORK if name in FRAMEWORKS and installed else OTHER

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if path is None:
            foreign = name in _READ_THE_MEMBERSHIP and self._find(name) is not None
            if foreign or self._is_the_users(name):
                _end()

    def _find(self, name: str) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, None) if find else None
            if spec is not None:
                return spec
        return None

    def _is_the_users(self, name: str) -> bool:
        """Whether the script's own folder has it. A mere folder of that name, without code of its
        own, counts only where nothing else has the name."""
        from importlib.machinery import PathFinder

        if not self._folder:
            return False
        spec = PathFinder.find_spec(name, [self._folder])
        if spec is None:
            return False
        return spec.loader is not None or getattr(self._find(name), "loader", None) is None


def _is_standard(file: str) -> bool:
    return file.startswith(_STANDARD_LIBRARY) and not any(one in file for one in _INSTALLED)


def _take(orders: int) -> None:
    """Wait for the environment of a rank, and have exactly that. Errors: ValueError where nobody
    sends one any more."""
    said = bytearray()
    while True:
        block = os.read(orders, 1 << 16)
        if not block:
            break
        said += block
    os.close(orders)
    if not said.endswith(b"\0\0"):
        raise ValueError("the agent is gone")
    pairs = (os.fsdecode(one).partition("=") for one in bytes(said[:-2]).split(b"\0"))
    env = {name: value for name, _, value in pairs}
    # Only what differs: threads that an import has started may be reading the others.
    for name in [name for name in os.environ if name not in env]:
        del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

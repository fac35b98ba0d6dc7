"""What of a script can be imported before anybody knows which rank will run it.

A script begins with imports, and nothing of its own happens in between. So they can be done ahead,
in the same order, as long as each is of a package that does nothing but get ready: that reads no
variable of a membership and does not care who imports it. The first statement that is anything
else ends it, and so does the first import of anything else: it might set a variable, or a path,
that the imports behind it are meant to see.

Pure: which module is what, a `judge` says. Imports next to nothing, as the starter does; Python's
`ast` is a module that the script's folder may have, too, while `compile` gives the same tree.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, List, Tuple

    #: A module, and the names that are taken from it.
    Import = Tuple[str, Tuple[str, ...]]
    #: Says of a top-level module whether it is STANDARD, a FRAMEWORK that is installed, or OTHER.
    Judge = Callable[[str], str]

STANDARD, FRAMEWORK, OTHER = "standard", "framework", "other"
#: Packages that may be imported ahead. Not among them: JAX, which reads variables of the membership
#: when it is imported, mpi4py, Horovod and DeepSpeed, which join others or look for a launcher.
FRAMEWORKS = ("numpy", "torch", "torchvision")
#: What a training loop of PyTorch imports when it is first used.
DYNAMO = "torch._dynamo"
_USES_DYNAMO = frozenset(("DistributedDataParallel", "optim"))
_ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
#: Of the package that the file is in.
_RELATIVE = "."
#: By these a script sets variables, or runs what its text does not show.
_ACTS = ("environ", "putenv", "unsetenv", "import_module", "__import__", "exec")


def parse(source: bytes) -> Any:
    """A tree as `ast.parse` makes it. Errors: as `compile`."""
    return compile(source, "<ahead>", "exec", _ONLY_AST, dont_inherit=True)


def leading(sources: List[bytes], judge: Judge) -> List[Import]:
    """The frameworks that these files import, executed one after the other, before they do anything
    else. Errors: SyntaxError, ValueError for what is no Python."""
    found: List[Import] = []
    for source in sources:
        tree = parse(source)
        for number, statement in enumerate(tree.body):
            if number == 0 and _is_docstring(statement):
                continue
            for module, names in _imports_of(statement):
                verdict = _verdict(module, judge)
                if verdict == OTHER:
                    return found
                if verdict == FRAMEWORK:
                    found.append((module, names))
            if not _is_import(statement):
                return found
    return found


def needs_dynamo(sources: List[bytes], judge: Judge) -> bool:
    """Whether these files will make PyTorch import `torch._dynamo`, and nothing that they do before
    can matter to that: they set no variable, and run no code but their own and the frameworks'."""
    uses = False
    for source in sources:
        for node in _walk(parse(source)):
            for module, names in _imports_of(node):
                if _verdict(module, judge) == OTHER:
                    return False
                uses = uses or not _USES_DYNAMO.isdisjoint((*module.split("."), *names))
            name = _name(node)
            if name in _ACTS:
                return False
            uses = uses or name in _USES_DYNAMO
    return uses


def _verdict(module: str, judge: Judge) -> str:
    return OTHER if module == _RELATIVE else judge(module.partition(".")[0])


def _kind(node: Any) -> str:
    return str(type(node).__name__)


def _is_docstring(statement: Any) -> bool:
    value = getattr(statement, "value", None)
    return _kind(statement) == "Expr" and isinstance(getattr(value, "value", None), str)


def _is_import(statement: Any) -> bool:
    return _kind(statement) in ("Import", "ImportFrom")


def _imports_of(node: Any) -> Iterator[Import]:
    if _kind(node) == "Import":
        for alias in node.names:
            yield alias.name, ()
    elif _kind(node) == "ImportFrom":
        module = node.module if node.module and not node.level else _RELATIVE
        yield module, tuple(alias.name for alias in node.names)


def _name(node: Any) -> str | None:
    """What an attribute or a variable is called."""
    name: str | None = getattr(node, "attr", None) or getattr(node, "id", None)
    return name


def _walk(node: Any) -> Iterator[Any]:
    """Every node, but those that only read a variable: `environ[...]`, `environ.get`."""
    if _reads_variable(node):
        return
    yield node
    for field in node._fields:
        value = getattr(node, field, None)
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "_fields"):
                yield from _walk(child)


def _reads_variable(node: Any) -> bool:
    reads = _kind(node) == "Subscript" and _kind(node.ctx) == "Load"
    reads = reads or (_kind(node) == "Attribute" and node.attr == "get")
    return reads and _name(node.value) in _ACTS

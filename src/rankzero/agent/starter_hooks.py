"""Something to do right after the script has imported a certain module; never importing it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Callable, Dict

    Hook = Callable[[ModuleType], None]


def install() -> None:
    """Make the starter's hooks wait for their modules."""
    hooks: Dict[str, Hook] = {
        "torch.distributed.distributed_c10d": _process_groups,
        "torch.optim.optimizer": _first_step,
    }
    if "rankzero.agent.mpi.seat" in sys.modules:  # this is a rank of MPI
        hooks["mpi4py.MPI"] = _world_of_mpi
    sys.meta_path.insert(0, AfterImport(hooks))


class AfterImport:
    """A finder that finds nothing by itself: it asks the others, and sees the module executed.

    It leaves `sys.meta_path` after the last of its hooks has run.
    """

    def __init__(self, hooks: Dict[str, Hook]) -> None:
        self._hooks = hooks

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self._hooks:
            return None
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find else None
            if spec is not None:
                self._follow(name, spec.loader)
                return spec
        return None

    def _follow(self, name: str, loader: Any) -> None:
        """Have the hook run after this loader's work; the loader is itself again by then."""
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._run(name, module)

        try:  # noqa: SIM105 - contextlib is an import
            loader.exec_module = exec_module
        except (AttributeError, TypeError):
            pass  # a loader written in C: that module is not one of ours

    def _run(self, name: str, module: ModuleType) -> None:
        hook = self._hooks.pop(name, None)
        if not self._hooks and self in sys.meta_path:
            sys.meta_path.remove(self)
        if hook is not None:
            try:
                hook(module)
            except Exception as error:
                # An unknown version of a framework must still train.
                sys.stderr.write(f"rankzero: cannot prepare {name}: {error!r}\n")


def _process_groups(module: ModuleType) -> None:
    from rankzero.agent.starter_gloo import rest_before_the_end
    from rankzero.agent.starter_torch import give_defaults

    rest_before_the_end()
    give_defaults(module)


def _first_step(module: ModuleType) -> None:
    from rankzero.agent.starter_torch import watch_first_step

    watch_first_step(module)


def _world_of_mpi(module: ModuleType) -> None:
    from rankzero.agent.mpi.parting import not_alone

    not_alone(module)

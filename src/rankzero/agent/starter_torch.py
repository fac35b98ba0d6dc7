"""What the starter adds to PyTorch, once the script itself has imported it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple


def give_defaults(c10d: Any) -> None:
    """Make the job's backend and timeout the defaults of `init_process_group`.

    `c10d` is `torch.distributed.distributed_c10d`. What the script names itself wins.
    """
    backend = os.environ.get("RANKZERO_BACKEND")
    timeout_s = os.environ.get("RANKZERO_TIMEOUT_S")
    if not backend and not timeout_s:
        return
    from datetime import timedelta
    from functools import wraps

    init = c10d.init_process_group

    @wraps(init)
    def init_process_group(*args: Any, **named: Any) -> Any:
        if backend and not _is_given(args, named, 0, "backend"):
            message = unavailable(c10d, backend)
            if message:
                raise RuntimeError(message)
            args = _give(args, named, 0, "backend", backend)
        if timeout_s and not _is_given(args, named, 2, "timeout"):
            args = _give(args, named, 2, "timeout", timedelta(seconds=float(timeout_s)))
        return init(*args, **named)

    c10d.init_process_group = init_process_group


def unavailable(c10d: Any, backend: str) -> Optional[str]:
    """Why this PyTorch cannot use that backend, and what can be done; None where it can."""
    known = [name for name in ("nccl", "gloo", "mpi", "ucc", "xccl") if _has(c10d, name)]
    if backend in known or not hasattr(c10d, f"is_{backend}_available"):
        return None
    why = f"the job asks for the backend {backend!r}, which this PyTorch was built without"
    advice = (
        f"use one that it has ({', '.join(known) or 'none'}), or install a PyTorch built with it"
    )
    return f"{why}: {advice}"


def watch_first_step(optimizer: Any) -> None:
    """Tell the agent when the first optimizer step of this rank is done, then go away.

    `optimizer` is `torch.optim.optimizer`; versions without hooks for all optimizers tell nothing.
    """
    register = getattr(optimizer, "register_optimizer_step_post_hook", None)
    if register is None:
        return

    def stepped(*_: Any) -> None:
        if handles:
            from rankzero.script.channel import channel

            channel.first_step()
            _remove(handles.pop())

    handles = [register(stepped)]


def _has(c10d: Any, backend: str) -> bool:
    is_available = getattr(c10d, f"is_{backend}_available", None)
    return bool(is_available and is_available())


def _is_given(args: Tuple[Any, ...], named: Dict[str, Any], place: int, name: str) -> bool:
    value = args[place] if len(args) > place else named.get(name)
    return value is not None


def _give(
    args: Tuple[Any, ...], named: Dict[str, Any], place: int, name: str, value: Any
) -> Tuple[Any, ...]:
    """Pass `value` where the script passed nothing or None; returns the positional arguments."""
    if len(args) > place:
        return (*args[:place], value, *args[place + 1 :])
    named[name] = value
    return args


def _remove(handle: Any) -> None:
    """Take the hook out of the hooks that are being run: an ordered dictionary may lose the last
    entry in mid-iteration and no other, so one that others came after stays, and does nothing."""
    hooks = handle.hooks_dict_ref()
    if hooks is not None and next(reversed(hooks), None) == handle.id:
        handle.remove()

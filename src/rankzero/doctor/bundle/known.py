"""Secrets that this machine knows: wherever else they turn up, they are taken out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from rankzero.doctor.bundle.naming import is_secret

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import User

#: Of a user in a kubeconfig, what proves who it is.
_PROOFS = ("token", "password", "client_key_data", "client_certificate_data")


def of_environment(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Values of variables whose names say so; where one is kept is no secret."""
    secret = (value for name, value in environ.items() if is_secret(name))
    return (value for value in secret if not os.path.exists(value))  # noqa: PTH110


def of_user(user: User) -> Iterator[str]:
    """What a kubeconfig holds of one."""
    yield from filter(None, (getattr(user, field) for field in _PROOFS))
    if user.token_file:
        with suppress(OSError), open(user.token_file, "rb") as file:  # noqa: PTH123
            yield file.read().decode("utf-8", "replace").strip()

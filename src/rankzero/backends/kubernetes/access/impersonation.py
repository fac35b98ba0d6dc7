"""Whom one wants to be taken for: `as` in a kubeconfig, as headers."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.access.model import Context

#: What a header's name may hold; `%` begins what it may not.
_PLAIN = frozenset(string.ascii_letters + string.digits + "!#$&'*+-.^_`|~")


def headers(context: Context) -> list[tuple[str, str]]:
    """Errors: Refused for groups and the like of nobody, and for what no header can hold."""
    user = context.user
    made = [("Impersonate-User", user.as_user)] if user.as_user else []
    made += [("Impersonate-Uid", user.as_uid)] if user.as_uid else []
    made += [("Impersonate-Group", group) for group in user.as_groups]
    for key, values in user.as_user_extra.items():
        made += [(f"Impersonate-Extra-{_escaped(key)}", value) for value in values]
    for _, value in made:
        if not sendable(value):
            raise Refused(
                f"the kubeconfig's user of {context.name} cannot be taken for {value!r}: "
                "no header can hold that."
            )
    if made and not user.as_user:
        raise Refused(
            f'the kubeconfig\'s user of {context.name} has "as-groups" or the like, without "as".',
            "Name the user, too: kubectl config set users.NAME.as WHO",
        )
    return made


def sendable(value: str) -> bool:
    """Whether a header can have it."""
    return value.isascii() and value.isprintable()


def _escaped(key: str) -> str:
    return "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in key.encode("utf-8")
    )

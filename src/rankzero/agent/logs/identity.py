"""Which log a folder holds: an identity, under which whoever has read a copy goes on in the log."""

import os

from rankzero.agent.logs import layout


def identity(folder: str) -> str:
    """Empty where there is none."""
    try:
        with open(os.path.join(folder, layout.BOOK), encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def name(folder: str, book: str) -> None:
    """Give a log its identity; one that has one keeps it. It appears as a whole or not at all.
    Errors: OSError."""
    if identity(folder):
        return
    path = os.path.join(folder, layout.BOOK)
    beside = path + ".new"
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, book.encode("ascii"))
    finally:
        os.close(file)
    os.replace(beside, path)

"""`rankzero image login`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.image.options import trust_options

if TYPE_CHECKING:
    from rankzero.images.registry.reach import Trust


@click.command()
@click.argument("registry", metavar="REGISTRY")
@click.option(
    "--user", "-u", metavar="NAME", help="Who one is there (asked for where it is not said)."
)
@click.option("--password-stdin", is_flag=True, help="Read the password, or a token, from stdin.")
@trust_options
def command(registry: str, user: str | None, password_stdin: bool, trust: Trust) -> int:
    """Remember a name and a password for a registry.

    They are tried first, and kept where Docker keeps its own: by the credential helper that
    ~/.docker/config.json names, or in that file.
    """
    import sys

    from rankzero.cli.show import terminal
    from rankzero.errors import BadRequest
    from rankzero.images.registry import credentials
    from rankzero.images.registry.logging_in import called, check

    if registry.startswith("http://"):  # as where code is sent to
        trust = trust._replace(insecure=True)
    registry = called(registry.removeprefix("http://").removeprefix("https://"))
    if password_stdin and user is None:
        raise BadRequest("--password-stdin: whose password is it?", "Say so: --user NAME")
    user = user or click.prompt("User", err=True)
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, err=True)
    )
    if not password:
        raise BadRequest("the password is empty.")
    login = credentials.Login(str(user), str(password))
    looked = check(registry, login, trust)
    kept = credentials.keep(registry, login)
    said = f"knows you as {user}" if looked else "lets everybody in, and did not look at a password"
    terminal.err().say(f"✓ {registry} {said}; kept {kept}")
    return 0

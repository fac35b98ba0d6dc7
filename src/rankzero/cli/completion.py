"""`rankzero completion`."""

from __future__ import annotations

import os

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", required=False, type=click.Choice(SHELLS))
def command(shell: str | None) -> int:
    """Print the script that makes Tab complete rankzero's words.

    Verbs, options, and the names of runs and jobs. Without SHELL, for the one of $SHELL.

    \b
      bash  echo 'eval "$(rankzero completion bash)"' >> ~/.bashrc
      zsh   echo 'eval "$(rankzero completion zsh)"' >> ~/.zshrc
      fish  rankzero completion fish > ~/.config/fish/completions/rankzero.fish
    """
    from click.shell_completion import get_completion_class

    from rankzero.cli.verbs import rankzero
    from rankzero.errors import BadRequest

    name = shell or os.path.basename(os.environ.get("SHELL", ""))  # noqa: PTH119
    found = get_completion_class(name) if name in SHELLS else None
    if found is None:
        raise BadRequest("For which shell?", f"One of: {', '.join(SHELLS)}")
    click.echo(found(rankzero, {}, "rankzero", "_RANKZERO_COMPLETE").source())
    return 0

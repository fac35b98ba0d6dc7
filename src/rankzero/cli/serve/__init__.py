"""`rankzero serve`: `rankzero serve app.py:Predictor` serves on this machine; what has no colon is
a verb of the group."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them. `here` may be left out.
VERBS = {
    "here": "Serve a predictor on this machine.",
}


class _Serve(Verbs):
    """A group in which `app.py:Predictor` stands for `here app.py:Predictor`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in VERBS and any(_predictor(word) for word in args):
            args = ["here", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "here" if _predictor(cmd_name) else cmd_name)


def _predictor(word: str) -> bool:
    return ":" in word or word.endswith(".py")


@click.command(cls=_Serve, verbs=VERBS, package="rankzero.cli.serve")
def command() -> None:
    """Serve a trained model.

    rankzero serve app.py:Predictor --model outputs/ is short for rankzero serve here ...
    """

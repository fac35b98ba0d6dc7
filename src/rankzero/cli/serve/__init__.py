"""`rankzero serve`: `rankzero serve app.py:Predictor` serves in the foreground; the verbs look
after services that are kept alive, by a cluster or by this machine."""

from __future__ import annotations

import click

from rankzero.cli.verbs import Verbs

#: In the order in which a user meets them. `here` may be left out.
VERBS = {
    "here": "Serve a predictor on this machine.",
    "deploy": "Deploy a predictor, a command or an image, and keep it alive.",
    "list": "List the services of this machine and of a namespace.",
    "status": "Show a service: where it is reached, its pods, its versions.",
    "why": "Say why pods of a service are not ready.",
    "open": "Reach a service from this machine.",
    "logs": "Print what the pods of a service wrote.",
    "events": "Print what the cluster says of a service.",
    "scale": "Change how many pods a service has.",
    "update": "Change a service, pod by pod; undo it where that fails.",
    "history": "Print the versions of a service.",
    "undo": "Go back to an earlier version of a service.",
    "expose": "Give a service its address, or another kind of one.",
    "unexpose": "Take a service's address away, and keep its pods.",
    "delete": "Delete services.",
}


class _Serve(Verbs):
    """A group in which `app.py:Predictor` stands for `here app.py:Predictor`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options_first = args[:1] != [] and args[0].startswith("-")
        if any(map(_predictor, args if options_first else args[:1])):
            args = ["here", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "here" if _predictor(cmd_name) else cmd_name)


def _predictor(word: str) -> bool:
    return ":" in word or word.endswith(".py")


@click.command(cls=_Serve, verbs=VERBS, package="rankzero.cli.serve")
def command() -> None:
    """Serve a trained model.

    rankzero serve app.py:Predictor --model outputs/ is short for rankzero serve here ...; deploy
    keeps it alive, on a cluster or on this machine.
    """

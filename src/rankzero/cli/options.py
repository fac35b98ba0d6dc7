"""Options and arguments that several verbs share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

Verb = Callable[..., Any]
#: `3` or `0-7`: no run has a million ranks.
_RANKS = re.compile("([0-9]{1,6})(?:-([0-9]{1,6}))?")

if TYPE_CHECKING:
    from rankzero.backends.base import Helper
    from rankzero.backends.spot import Spot

    Word = click.ParamType[str]
    Pair = click.ParamType[tuple[str, str]]
else:  # older versions of click know no type arguments
    Word = Pair = click.ParamType


class RunId(Word):
    """A run's id, the start of one, or `-`; completes from the runs that are there."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        from rankzero import backends

        return [CompletionItem(run) for run in backends.ids() if run.startswith(incomplete)]


class JobName(Word):
    """A job's name; completes from the names of the runs that are there."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        from rankzero import backends

        names = sorted({run.rpartition("-")[0] for run in backends.ids()})
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class OneOf(Word):
    """One of a few words, asked for when Tab is pressed; whoever takes it says what is wrong with
    another."""

    def __init__(self, name: str, words: Callable[[], Iterable[str]]) -> None:
        self.name, self._words = name, words

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        from rankzero.errors import Error

        try:
            words = list(self._words())
        except Error:  # a broken file is told when the command runs
            words = []
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


class Pairs(Pair):
    """`KEY=VALUE`, split at the first `=`."""

    name = "key=value"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        key, sign, rest = str(value).partition("=")
        if not sign or not key:
            self.fail(f'"{value}" is not KEY=VALUE', param, ctx)
        return key, rest


#: The epilog of every verb that takes a run.
NAMING = "A run is named by its id, by the start of it, or by - if it is the newest."


def _named(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """In the words of the verbs that take several runs, not of click."""
    from rankzero.errors import BadRequest

    if value is None:
        raise BadRequest("Which run? Name one; - is the newest.", "See them: rankzero list")
    return value


run_argument = click.argument("run", type=RunId(), required=False, metavar="RUN", callback=_named)
runs_argument = click.argument("runs", type=RunId(), nargs=-1)

_OUTPUT: dict[str, Any] = {
    "type": click.Choice(["text", "json"]),
    "default": "text",
    "help": "json is for programs; its keys are stable.",
}
output_option = click.option("--output", "-o", **_OUTPUT)
#: Of verbs whose -o names what they write.
long_output_option = click.option("--output", **_OUTPUT)

selector_option = click.option(
    "--label",
    "-l",
    "labels",
    multiple=True,
    metavar="K=V",
    help="Only those with this label (also K!=V, or K alone). Repeat for more: all must hold.",
)


def _places() -> list[str]:
    from rankzero import backends

    return [*backends.names(), *backends.config().profiles]


def _contexts() -> list[str]:
    from rankzero.backends.kubernetes.kubeconfig import contexts

    return contexts()


def where_options(on: str, *, all_namespaces: bool = False) -> Callable[[Verb], Verb]:
    """`--on`, `--context` and `--namespace`, which a verb gets as `where`. on: the first one's
    help. all_namespaces: with `--all-namespaces` too."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def told(*args: Any, **given: Any) -> Any:  # noqa: ANN401
            from rankzero.backends.places import Where

            where = Where(**{name: given.pop(name) for name in Where._fields if name in given})
            return verb(*args, where=where, **given)

        options = [
            click.option("--on", type=OneOf("place", _places), metavar="PLACE", help=on),
            click.option(
                "--context",
                type=OneOf("context", _contexts),
                metavar="NAME",
                help="The cluster, by its context in the kubeconfig.",
            ),
            click.option("--namespace", "-N", metavar="NAME", help="The namespace in the cluster."),
        ]
        if all_namespaces:
            everywhere = "In all namespaces of the cluster that may be read."
            options.append(click.option("--all-namespaces", "-A", is_flag=True, help=everywhere))
        for option in reversed(options):
            told = option(told)
        return told

    return decorate


#: For verbs that look for runs.
LOOK = "Only there: a backend or a profile (default: wherever runs are)."
look_options = where_options(LOOK)


def begin_option(of: str) -> Callable[[Verb], Verb]:
    """With how much `attach` begins. of: `rank`, or `step`."""
    text = f"Begin with the last N lines of each {of} (default: 10)."
    return _tail(default=10, help=text)


def tail_option(text: str) -> Callable[[Verb], Verb]:
    """How much of each `logs` prints."""
    return _tail(help=text)


def _tail(**how: Any) -> Callable[[Verb], Verb]:  # noqa: ANN401
    return click.option("--tail", "-t", type=click.IntRange(min=0), metavar="N", **how)


ranks_option = click.option(
    "--rank",
    "-r",
    "ranks",
    multiple=True,
    metavar="RANKS",
    help="Only these ranks, such as 3 or 0-7,12.",
)

preflight_option = click.option(
    "--preflight/--no-preflight",
    default=True,
    help="Check beforehand what would keep it from running (default: yes).",
)
wait_for_nodes_option = click.option(
    "--wait-for-nodes", is_flag=True, help="Submit also where no node could run it yet (clusters)."
)


#: What pods have, whether ranks or a server run in them.
env_option = click.option(
    "--env", "-e", multiple=True, type=Pairs(), help="An environment variable."
)
secret_option = click.option(
    "--secret",
    "secrets",
    multiple=True,
    type=Pairs(),
    help="A variable from a Secret: NAME=SECRET/KEY.",
)
env_from_option = click.option(
    "--env-from", multiple=True, metavar="SECRET", help="All of a Secret as environment."
)
volume_option = click.option(
    "--volume",
    "volumes",
    multiple=True,
    metavar="SOURCE:PATH",
    help="Mount a claim, or a machine's /folder; :ro behind it to read only.",
)
node_selector_option = click.option(
    "--node-selector", multiple=True, type=Pairs(), help="A label that machines must have."
)
toleration_option = click.option(
    "--toleration",
    "tolerations",
    multiple=True,
    metavar="TAINT",
    help="A taint to tolerate: KEY=VALUE:EFFECT.",
)
pull_secret_option = click.option(
    "--pull-secret",
    "pull_secrets",
    multiple=True,
    metavar="SECRET",
    help="A registry's password.",
)
service_account_option = click.option(
    "--service-account", metavar="NAME", help="Whose token the pods get."
)


def helper_options(option: str, kept: str) -> Callable[[Verb], Verb]:
    """How a volume is looked at, which a verb gets as `helper`. option: names a volume where the
    run is gone; kept: what it has kept."""

    def decorate(verb: Verb) -> Verb:
        @functools.wraps(verb)
        def told(*args: Any, **given: Any) -> Any:  # noqa: ANN401
            names = ("volume", "helper_image", "helper_user", "helper_wait")
            return verb(*args, helper=_helper(*(given.pop(name) for name in names)), **given)

        options = [
            click.option(
                option,
                "volume",
                metavar="CLAIM",
                help=f"Of a run that is gone: the claim (or SERVER:/FOLDER) with its {kept}.",
            ),
            click.option(
                "--image",
                "helper_image",
                metavar="IMAGE",
                help="With it, of the pod that looks there (default: RANKZERO_IMAGE, or Python's).",
            ),
            click.option(
                "--user",
                "helper_user",
                metavar="UID",
                help="With it, who that pod runs as (default: 1000).",
            ),
            click.option(
                "--wait",
                "helper_wait",
                default="3m",
                metavar="TIME",
                help="How long that pod may take to start (default: 3m).",
            ),
        ]
        for one in reversed(options):
            told = one(told)
        return told

    return decorate


def _helper(volume: str | None, image: str | None, user: str | None, wait: str) -> Helper:
    """Errors: BadRequest."""
    from rankzero.backends.base import Helper
    from rankzero.cli.moments import span
    from rankzero.errors import BadRequest

    if volume is None and (image or user):
        raise BadRequest("--image and --user are those of the pod that looks at a named volume.")
    if user is not None and not re.fullmatch(r"[0-9]{1,10}(:[0-9]{1,10})?|image", user):
        raise BadRequest(f'--user: "{user}" is no user; write 1000, 1000:100 or image.')
    return Helper(volume, image, user, span(wait, "--wait"))


def spot_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--rank` and `--node`: one place in a run."""
    rank = click.option(
        "--rank", "-r", type=click.IntRange(min=0), metavar="RANK", help="The node of this rank."
    )
    node = click.option("--node", metavar="NODE", help="This node: worker/0.")
    return rank(node(function))


def spot_of(rank: int | None, node: str | None) -> Spot:
    """The place that the two name; rank 0's node where neither does. Errors: BadRequest."""
    from rankzero.backends.spot import Spot
    from rankzero.errors import BadRequest

    if rank is not None and node is not None:
        raise BadRequest("Name a rank or a node (--rank, --node); not both.")
    return Spot(rank, node)


def ranks_of(texts: tuple[str, ...]) -> frozenset[int] | None:
    """The ranks that `0-7,12` names; None (all) where nothing was asked. Errors: BadRequest."""
    from rankzero.errors import BadRequest

    ranks: set[int] = set()
    for text in ",".join(texts).split(",") if texts else ():
        found = _RANKS.fullmatch(text.strip())
        first, last = (found[1], found[2] or found[1]) if found else ("1", "0")
        if int(first) > int(last):
            raise BadRequest(f'--rank: "{text}" is no rank; write 3, 0-7 or 0-7,12.')
        ranks.update(range(int(first), int(last) + 1))
    return frozenset(ranks) if texts else None


def pairs(given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What a repeated KEY=VALUE option gave; the last one of a key counts."""
    return dict(given)

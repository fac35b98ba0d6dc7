"""What the verbs of services share: how a service is described, named, and found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import (
    OneOf,
    Pairs,
    env_from_option,
    env_option,
    node_selector_option,
    pairs,
    pull_secret_option,
    secret_option,
    service_account_option,
    toleration_option,
    volume_option,
    where_options,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.services.kept import Kept
    from rankzero.spec.given import Given

Verb = Callable[..., Any]
REST = "rankzero.rest"
PLACE = "Where: local (default), kubernetes, or a profile."
#: Of verbs that name a service, and of the one that lists them.
LOOK = "Only there: local, kubernetes, or a profile (default: wherever it may be)."
place_options = where_options(PLACE)
look_options = where_options(LOOK)
name_argument = click.argument("name", metavar="NAME")
_TABLES = ("env", "secrets", "node_selector", "labels")
_PULL = OneOf("when", lambda: ("Always", "IfNotPresent", "Never"))
_EXPOSE = OneOf("kind", lambda: ("ClusterIP", "NodePort", "LoadBalancer"))

#: Counts and sizes stay words here: the spec checks them all at once.
_VERSION = (
    click.option("--image", metavar="IMAGE", help="Container image."),
    click.option("--port", metavar="PORT", help="Where it listens."),
    env_option,
    secret_option,
    env_from_option,
    click.option("--ready", metavar="PATH", help="Answers when requests may come: /ready."),
    click.option("--live", metavar="PATH", help="Fails when a pod has to be restarted: /live."),
    click.option("--cpu", metavar="N", help="Processors of each pod."),
    click.option("--memory", metavar="SIZE", help="Memory of each pod: 2Gi."),
    click.option("--gpus", metavar="N", help="GPUs of each pod; also amd.com/gpu=N."),
    click.option("--shm", metavar="SIZE", help="The most that /dev/shm holds."),
    volume_option,
    node_selector_option,
    toleration_option,
    click.option("--pull", type=_PULL, metavar="WHEN", help="Always, IfNotPresent or Never."),
    pull_secret_option,
    click.option("--user", metavar="UID|image", help="Who the pods run as (default: 1000)."),
    service_account_option,
    click.option("--priority-class", metavar="NAME", help="The pods' priority."),
    click.option("--label", "-l", "labels", multiple=True, type=Pairs(), help="A label."),
    click.option(
        "--drain",
        metavar="TIME",
        help="How long a pod that is to end still takes requests (default: 5s).",
    ),
    click.option("--grace", metavar="TIME", help="Between SIGTERM and SIGKILL (default: 30s)."),
    click.option(
        "--pod",
        "overlay",
        type=click.Path(),
        metavar="FILE",
        help="A file of YAML, laid over the pods' spec in Kubernetes' notation.",
    ),
)
exposing_options = (
    click.option(
        "--expose",
        type=_EXPOSE,
        metavar="KIND",
        help="ClusterIP (default), NodePort or LoadBalancer.",
    ),
    click.option("--node-port", metavar="PORT", help="The port on every node, with NodePort."),
)
scaling_options = (
    click.option("--autoscale", metavar="MIN:MAX", help="Let the load choose how many pods."),
    click.option(
        "--at-cpu",
        metavar="PERCENT",
        help="With it: the load to keep to, of --cpu (default: 80%).",
    ),
)
wait_option = click.option(
    "--wait", metavar="TIME", help="How long a version may take to be ready (default: 10m)."
)
detach_option = click.option("--detach", "-d", is_flag=True, help="Do not wait for it.")


class WithCommand(click.Command):
    """Keeps what stands after the first `--` away from the parser: it is what is to run."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- CMD]"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[REST] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


def several(options: tuple[Callable[[Verb], Verb], ...]) -> Callable[[Verb], Verb]:
    """They stand in the help in this order."""

    def decorate(verb: Verb) -> Verb:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


version_options = several(_VERSION)


def server_options(verb: Verb) -> Verb:
    """What shapes a predictor's server, as on this machine."""
    from rankzero.cli.serve.here import shape_options

    def shaped() -> None: ...

    known: list[click.Parameter] = shape_options(shaped).__click_params__  # type: ignore[attr-defined]
    mine = [param for param in known if param.name not in ("model", "grace")]
    verb.__click_params__ = [*getattr(verb, "__click_params__", []), *mine]  # type: ignore[attr-defined]
    return verb


#: Their names.
_SHAPE = ("workers", "max_batch", "batch_wait_ms", "queue", "max_body", "timeout", "recycle_after")


def server_asked(given: dict[str, Any]) -> dict[str, int | float]:
    """What was typed of a server's shape, taken out of `given`. Errors: BadRequest."""
    from rankzero.cli.moments import span
    from rankzero.errors import BadRequest
    from rankzero.serving.settings import Settings
    from rankzero.spec import units

    found = {name: given.pop(name, None) for name in _SHAPE}
    found = {name: value for name, value in found.items() if value is not None}
    if "timeout" in found:
        found["timeout"] = span(found["timeout"], "--timeout")
    if "max_body" in found:
        try:
            found["max_body"] = units.size(found["max_body"])
        except ValueError as error:
            raise BadRequest(f'--max-body: "{found["max_body"]}" {error}.') from None
    Settings(predictor="any.py:Any", **found)
    return found


def asked(given: Mapping[str, Any], rest: list[str]) -> dict[str, Any]:
    """What was typed, by the keys of a service. Errors: BadRequest for an overlay that is none."""
    options = {name: value for name, value in given.items() if value not in (None, ())}
    for name in options.keys() & set(_TABLES):
        options[name] = pairs(options[name])
    overlay = options.pop("overlay", None)
    if overlay is not None:
        options["pod"] = _read(overlay)
    if rest:
        options["command"] = rest
    return options


def _read(path: str) -> object:
    return tree(path).plain()


def tree(path: str) -> Given:
    """A file of YAML, whose values know their lines. Errors: SpecError."""
    from rankzero.spec import reading
    from rankzero.spec.problems import Problem, SpecError

    problems: list[Problem] = []
    found = reading.read_text(reading.read_file(path), path, problems)
    if problems:
        raise SpecError(problems)
    return found


def place_of(where: Where) -> Kept:
    """Where a service would be deployed. Errors: BadRequest."""
    from rankzero.backends.services.finding import place

    return place(where)


def having(name: str, where: Where) -> Kept:
    """The place that has a service of this name, or would have it. Errors: BadRequest."""
    from rankzero.backends.services import finding

    return finding.having(name, where)


def turn(place: Kept, name: str) -> AbstractContextManager[None]:
    """For whoever changes a service; who has to wait is told so."""
    from rankzero.cli.show import terminal

    def wait() -> None:
        terminal.err().say(f"  note: another command changes {name}; this one waits for it")

    return place.turn(name, wait)

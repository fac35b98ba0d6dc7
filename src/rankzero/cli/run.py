"""`rankzero run`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import (
    JobName,
    OneOf,
    Pairs,
    env_from_option,
    env_option,
    node_selector_option,
    output_option,
    pairs,
    preflight_option,
    pull_secret_option,
    ranks_of,
    ranks_option,
    secret_option,
    service_account_option,
    toleration_option,
    volume_option,
    wait_for_nodes_option,
    where_options,
)

if TYPE_CHECKING:
    from rankzero.backends.places import Where

REST = "rankzero.rest"
#: Above which group of the help an option stands, by its name.
_TITLES: dict[str | None, str] = {}
_AFTER = "What the script is to get stands after --, as in: rankzero run train.py -- --lr 1"
_EXAMPLES = """\b
  rankzero run train.py --nodes 2 --nproc 2 -- --epochs 5
  rankzero run job.yaml --set lr=0.01
  rankzero run -m package.train --nodes 1:2
  rankzero run --nodes 2 -- echo hi"""


class RunCommand(click.Command):
    """Keeps what stands after the first `--` away from the parser: it is the script's."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- ARGS]"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what they are about: they are too many for one list."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                rows.setdefault(_TITLES.get(param.name, "Output"), []).append(record)
        for title, some in rows.items():
            with formatter.section(title):
                formatter.write_dl(some)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest: list[str] = []
        if "--" in args:
            at = args.index("--")
            args, rest = args[:at], args[at + 1 :]
        ctx.meta[REST] = rest
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as wrong:
            foreign = isinstance(wrong, click.NoSuchOption) or "extra argument" in wrong.message
            if not foreign:
                raise
            said = _said(wrong)
            raise click.UsageError(f"{said}. {_AFTER}", ctx) from None


def _said(wrong: click.UsageError) -> str:
    """Of a foreign option only a near one of ours: most likely it is the script's."""
    if not isinstance(wrong, click.NoSuchOption):
        return wrong.format_message().rstrip(".")
    import difflib

    known = difflib.get_close_matches(wrong.option_name, wrong.possibilities or (), 1, 0.8)
    hint = f" (did you mean {known[0]}?)" if known else ""
    return f"No such option: {wrong.option_name}{hint}"


_FRAMEWORK = OneOf("framework", lambda: ("auto", "torch", "tensorflow", "jax", "mpi", "plain"))
_BACKEND = OneOf("backend", lambda: ("nccl", "gloo", "mpi"))
_COLLECT = OneOf("choice", lambda: ("first", "all"))


def titled(
    title: str, *options: Callable[..., Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options that stand together in the help, below this title."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known = len(getattr(function, "__click_params__", ()))
        for option in reversed(options):
            function = option(function)
        added: list[click.Parameter] = getattr(function, "__click_params__", [])[known:]
        _TITLES.update(dict.fromkeys((param.name for param in added), title))
        return function

    return decorate


# Counts and sizes stay words here: the spec reads the same words from a job file, checks them
# all at once, and names each one's place.
_what = titled(
    "What",
    click.argument("target", required=False, type=click.Path()),
    click.option("--module", "-m", metavar="NAME", help="Run a module, as python -m does."),
)
_topology = titled(
    "Nodes",
    click.option("--nodes", "-n", multiple=True, metavar="N|MIN:MAX", help="How many nodes."),
    click.option("--nproc", multiple=True, metavar="N|gpu|cpu", help="Ranks on each node."),
    click.option(
        "--gpus", multiple=True, metavar="N", help="GPUs of each node; also amd.com/gpu=N."
    ),
    click.option("--cpu", multiple=True, metavar="N", help="Processors of each node."),
    click.option("--memory", multiple=True, metavar="SIZE", help="Memory of each node: 8Gi."),
    click.option("--image", multiple=True, metavar="IMAGE", help="Container image (clusters)."),
)
_framework = titled(
    "Framework",
    click.option(
        "--framework",
        type=_FRAMEWORK,
        metavar="NAME",
        help="auto, torch, tensorflow, jax, mpi or plain.",
    ),
    click.option(
        "--backend", type=_BACKEND, metavar="NAME", help="torch's process group: nccl, gloo or mpi."
    ),
    click.option("--mpirun", metavar="COMMAND", help="MPI's mpirun, with its own options."),
    click.option("--port", metavar="PORT", help="Fix the master's port (default: a free one)."),
    click.option("--timeout", metavar="SECONDS", help="The rendezvous timeout of the framework."),
)
_life = titled(
    "Failures and time",
    click.option("--max-restarts", metavar="N", help="How many failures the run survives."),
    click.option(
        "--wait", metavar="TIME", help="How long to wait for all nodes, from the first one on."
    ),
    click.option("--grace", metavar="SECONDS", help="Between SIGTERM and SIGKILL at a stop."),
    click.option("--log-keep", metavar="SIZE", help="How much log a node keeps."),
    click.option(
        "--spares/--no-spares",
        default=None,
        help="Start interpreters and imports before all nodes meet (on a cluster).",
    ),
)
_job = titled(
    "The job",
    click.option("--name", metavar="NAME", type=JobName(), help="The job's name."),
    env_option,
    click.option("--set", "-s", "sets", multiple=True, metavar="K=V", help="A param's value."),
    click.option("--label", "-l", "labels", multiple=True, type=Pairs(), help="A label to find."),
    click.option("--workdir", type=click.Path(), help="Where the ranks run (default: here)."),
    click.option("--outputs", type=click.Path(), help="Where the script's outputs go."),
    click.option(
        "--collect",
        type=_COLLECT,
        metavar="first|all",
        help="Whose outputs come back from a cluster (default: the first node's).",
    ),
    click.option("--python", metavar="PATH", help="The interpreter of agent and script."),
)
_cluster = titled(
    "On a cluster",
    node_selector_option,
    toleration_option,
    volume_option,
    click.option("--shm", multiple=True, metavar="SIZE", help="The most that /dev/shm holds."),
    secret_option,
    env_from_option,
    pull_secret_option,
    click.option(
        "--registry",
        metavar="REGISTRY/NAME",
        help="Where a folder too large for ConfigMaps goes, as a layer on the image.",
    ),
    click.option(
        "--user", multiple=True, metavar="UID|image", help="Who ranks run as (default: 1000)."
    ),
    click.option("--priority-class", multiple=True, metavar="NAME", help="The pods' priority."),
    click.option("--queue", metavar="NAME", help="Kueue's queue that starts the run."),
    service_account_option,
    click.option(
        "--api", is_flag=True, default=None, help="Let the pods look at pods through the API."
    ),
    click.option(
        "--self-heal",
        is_flag=True,
        default=None,
        help="Replace nodes of dead machines, also while detached.",
    ),
    click.option(
        "--isolate", is_flag=True, default=None, help="Only pods of this run reach each other."
    ),
    click.option("--keep-outputs", metavar="TIME", help="How long outputs wait to be fetched."),
    click.option("--log-volume", metavar="NAME", help="Keep every line on this volume or claim."),
    click.option("--output-volume", metavar="NAME", help="Let outputs stay on this one."),
    click.option("--ttl", metavar="TIME", help="How long a run that has ended can be seen."),
)
_way = titled(
    "This run",
    where_options("Where: local (default), kubernetes, or a profile."),
    click.option("--detach", "-d", is_flag=True, help="Start it, print its id, and leave."),
    click.option("--dry-run", is_flag=True, help="Print the plan and create nothing."),
    preflight_option,
    wait_for_nodes_option,
)


def job_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """All that says what the job is."""
    for some in (_cluster, _job, _life, _framework, _topology, _what):
        function = some(function)
    return function


def asked(ctx: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    """What these options give, as `spec.from_target` takes it. given: loses all of them."""
    rest: list[str] = ctx.meta[REST]
    target, module = given.pop("target"), given.pop("module")
    sets, labels = given.pop("sets"), pairs(given.pop("labels"))
    options = {name: value for name, value in given.items() if value not in (None, ())}
    given.clear()
    for name in options.keys() & {"env", "node_selector", "secrets"}:
        options[name] = pairs(options[name])
    named = target is not None or module is not None
    return {
        "target": target,
        "module": module,
        "command": () if named else rest,
        "args": rest if named else (),
        "sets": sets,
        "labels": labels,
        "options": options,
    }


@click.command(cls=RunCommand, epilog=_EXAMPLES)
@job_options
@_way
@ranks_option
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    output: str,
    where: Where,
    **given: Any,  # noqa: ANN401
) -> int:
    """Run a script, a module, a command or a job file.

    TARGET is a script or a job file (.yaml). Without one, what stands after -- is the command;
    with one, or with -m, it is what the script gets. In a job of several roles, say which role
    an option is for: --nodes worker=4 --nodes ps=2.

    A run that is attached ends with this command; Ctrl-C asks whether to stop it or to detach.
    Exit code: 0 it succeeded, 1 it failed, 130 Ctrl-C stopped it, or left it to go on.

    JSON: with --dry-run the plan (`Plan.to_json`); with --detach run, outputs, logs, notices;
    else a stream: the plan with kind `plan`, every event, every line with kind `log`, what a run
    on a cluster waits for with kind `standing`, at the end one object with kind `result`.
    """
    from rankzero.cli.show.bar import on_its_way
    from rankzero.cli.submit import Way, go
    from rankzero.handle import prepare

    way = Way(given.pop("detach"), given.pop("dry_run"), output, ranks_of(given.pop("ranks")))
    preflight, wait_for_nodes = given.pop("preflight"), given.pop("wait_for_nodes")
    with on_its_way() as tell:
        backend, plan = prepare(
            **asked(ctx, given),
            where=where,
            preflight=preflight,
            wait_for_nodes=wait_for_nodes,
            tell=tell,
        )
    return go(backend, plan, way)

"""`rankzero cluster create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.cluster.options import tool_option

if TYPE_CHECKING:
    from rankzero.clusters.tool import Step, Tool
    from rankzero.clusters.wanted import Wanted

_EXAMPLES = """\b
  rankzero cluster create --nodes 3
  rankzero cluster create --name gpus --tool minikube --gpus
  rankzero cluster create cluster.yaml --host-port 8080:30080"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", required=False, type=click.Path(), metavar="[FILE.yaml]")
@click.option("--name", metavar="NAME", help="Its name (default: rankzero).")
@click.option("--nodes", type=int, metavar="N", help="Machines that work (default: 1).")
@click.option("--control-planes", type=int, metavar="N", help="Machines that rule (default: 1).")
@click.option("--gpus", is_flag=True, default=None, help="With this machine's GPUs.")
@click.option(
    "--host-port",
    "host_ports",
    multiple=True,
    metavar="HOST:NODE",
    help="A port of this machine for one of a node: 8080:30080.",
)
@click.option(
    "--registry", type=int, metavar="PORT", help="Where its registry listens here (default: 5001)."
)
@click.option("--no-registry", is_flag=True, help="Without one.")
@click.option("--version", metavar="X.Y.Z", help="Of Kubernetes (default: the tool's own).")
@tool_option
@click.option("--dry-run", is_flag=True, help="Print what would be run, and run nothing.")
def command(
    file: str | None,
    tool: str | None,
    host_ports: tuple[str, ...],
    dry_run: bool,
    **given: Any,  # noqa: ANN401
) -> int:
    """Make a cluster on this machine, with a registry and storage.

    By kind, k3d, minikube or microk8s, whichever is installed. FILE says the same in YAML: name,
    nodes, control_planes, gpus, host_ports (a list), registry (false for none), version.
    """
    from rankzero.clusters import making, tools, wanted
    from rankzero.errors import BadRequest

    try:
        ports = tuple(map(wanted.host_port, host_ports))
    except ValueError as error:
        raise BadRequest(f"--host-port: {error}.") from None
    asked = wanted.read(file, {**given, "host_ports": ports or None})
    if dry_run and tool is not None:
        return _dry(tools.get(tool), asked)
    by = making.tool(tool)
    return _dry(by, asked) if dry_run else _create(by, asked)


def _create(by: Tool, asked: Wanted) -> int:
    from rankzero.cli.show import terminal
    from rankzero.clusters import making

    context = making.create(by, asked, lambda step: terminal.err().say(f"$ {_line(step)}"))
    terminal.err().say(f"✓ {asked.name} is there, the context {context}")
    terminal.err().say(f"  look at it: rankzero cluster info --context {context}")
    terminal.err().say(f"  run on it:  rankzero run train.py --on kubernetes --context {context}")
    if by.whole:
        named = f"rankzero cluster delete {asked.name} --tool {by.name}"
        terminal.err().say(f"  end it, with all that is on it: {named}")
    terminal.out().say(context)
    return 0


def _dry(by: Tool, asked: Wanted) -> int:
    from rankzero.cli.show import terminal
    from rankzero.errors import BadRequest

    if fault := by.fault(asked):
        raise BadRequest(f"{fault}.")
    for step in by.create(asked):
        terminal.out().say(_line(step))
        if step.stdin:
            terminal.out().say("".join(f"  {line}\n" for line in step.stdin.splitlines()).rstrip())
    return 0


def _line(step: Step) -> str:
    import shlex

    return shlex.join(step.words)

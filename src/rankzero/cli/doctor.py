"""`rankzero doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rankzero.cli.options import output_option, where_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rankzero.backends.places import Where
    from rankzero.doctor.here import Inside

_EXAMPLES = """\b
  rankzero doctor
  rankzero doctor --pods --image registry/team/train:3 --on kubernetes
  rankzero doctor --bundle --run digits-7f3a
  rankzero doctor --rbac --namespace team --user ada | kubectl apply -f -
  rankzero doctor --rbac job.yaml --namespace team --serviceaccount ci"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", required=False, type=click.Path())
@click.option("--pods", is_flag=True, help="Look from inside pods, too, which are made for it.")
@click.option("--image", metavar="IMAGE", help="With --pods: theirs (default: as run takes it).")
@click.option("--gpus", metavar="N", help="With --pods: try a GPU, seen or not: 1, amd.com/gpu=1.")
@click.option(
    "--wait",
    default="3m",
    metavar="TIME",
    help="With --pods: how long they may take (default: 3m).",
)
@click.option(
    "--bundle",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Put all that a maintainer needs into FILE, without secrets; nothing is sent.",
)
@click.option("--run", metavar="RUN", help="With --bundle: also the plan and history of a run.")
@click.option("--rbac", is_flag=True, help="Print the rights that rankzero needs, as a Role.")
@click.option("--pipelines", is_flag=True, help="Also what pipelines take.")
@click.option("--client", is_flag=True, help="With --pipelines: of those of --driver client.")
@click.option("--driver", is_flag=True, help="What the driver of a pipeline takes, alone.")
@click.option("--user", "users", multiple=True, metavar="NAME", help="Who gets them.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Or all of a group.")
@click.option(
    "--serviceaccount",
    "accounts",
    multiple=True,
    metavar="[NS:]NAME",
    help="Or a program in the cluster.",
)
@where_options("Which cluster (default: the one that is set up, if any); local: none.")
@output_option
def command(
    file: str | None,
    pods: bool,
    image: str | None,
    gpus: str | None,
    wait: str,
    bundle: str | None,
    run: str | None,
    rbac: bool,
    pipelines: bool,
    client: bool,
    driver: bool,
    users: tuple[str, ...],
    groups: tuple[str, ...],
    accounts: tuple[str, ...],
    output: str,
    where: Where,
) -> int:
    """Check whether all is there that runs take.

    Of this machine: Python, frameworks and what they see, GPUs, room. Of a cluster: the way there,
    its version and clock, machines and their GPUs, storage, and all that is looked at before a run:
    rights, namespace, quota, Pod Security. Nothing is created.

    --pods also looks from inside: it makes a Job with two short pods and a Service for their names,
    and, where the cluster has GPUs or --gpus asks for some, a Job with a pod that gets one. They
    are as a run's pods would be, also as those of a job FILE, and are taken away at the end. They
    tell whether the image comes, which Python is in it, whether names, the API server and other
    pods are reached, what time it is there, and whether a GPU is there and computes.

    --bundle writes a file (rankzero-doctor-TIME.tar.gz) with what was found, versions, the
    configuration, what the cluster says of itself, of its machines and of pods of runs, events, and
    of a --run its plan, history, cause and agents' words. Secrets are taken out of it; look through
    it all the same before you send it to anybody.

    With --rbac no cluster is asked: it prints a Role for one namespace, exactly as large as
    needed, and with --user, --group or --serviceaccount a RoleBinding that gives it to them;
    `kubectl apply -f -` takes both. With a job FILE, also what this job needs beyond the usual.

    --pipelines adds what it takes to run pipelines, whose drivers get an account of their own.
    Where nobody may make accounts, an administrator makes one and gives it what --driver prints:
    rankzero pipeline run --service-account NAME. Or the command drives the pipeline itself, with
    what --pipelines --client prints: rankzero pipeline run --driver client.

    Exit code: 0, or 3 where something keeps runs from working.

    JSON: findings (area, check, verdict: ok, warning, failure or not checked; said, remedy), and
    with --bundle also bundle (file, entries: path, size); with --rbac a List of the same objects.
    """
    from rankzero.cli import granting
    from rankzero.cli.show import programs
    from rankzero.errors import BadRequest
    from rankzero.plan.kubernetes import rbac as made

    if not rbac:
        if pipelines or client or driver or users or groups or accounts:
            raise BadRequest("say that a Role is wanted: rankzero doctor --rbac")
        if run is not None and bundle is None:
            raise BadRequest("--run: say that a bundle is wanted: --bundle")
        return _check_up(where, output, _inside(pods, file, image, gpus, wait), bundle, run)
    if pods or image or gpus or bundle is not None:
        raise BadRequest("--rbac asks no cluster; leave out --pods and --bundle, or --rbac.")
    namespace = where.namespace
    subjects = granting.subjects(users, groups, accounts, namespace)
    if bool(file) + pipelines + driver > 1:
        raise BadRequest("name a job FILE, --pipelines or --driver: one of them at a time.")
    if client and not pipelines:
        raise BadRequest("--client: say of what: --pipelines --client")
    rules, job = granting.rules(file, pipelines=pipelines, client=client, driver=driver)
    role = made.role(made.role_name(rules, job), rules, namespace)
    objects = [role]
    if subjects:
        objects.append(made.binding(role["metadata"]["name"], subjects, namespace))
    if output == "json":
        programs.print_json({"apiVersion": "v1", "kind": "List", "items": objects})
    else:
        click.echo(granting.as_yaml(objects, rules), nl=False)
    return 0


def _inside(
    pods: bool, file: str | None, image: str | None, gpus: str | None, wait: str
) -> Inside | None:
    from rankzero.cli.moments import span
    from rankzero.doctor.here import Inside
    from rankzero.errors import BadRequest

    if pods:
        return Inside(file, image, gpus, span(wait, "--wait"))
    if file or image or gpus:
        raise BadRequest(
            "a job FILE, --image and --gpus are for pods that look around, or, a FILE, for rights.",
            "Say which: rankzero doctor --pods, or rankzero doctor --rbac",
        )
    return None


def _check_up(
    where: Where, output: str, inside: Inside | None, bundle: str | None, run: str | None
) -> int:
    import contextlib

    from rankzero.agent import exits
    from rankzero.cli.show import programs, terminal
    from rankzero.cli.show.checkup import say_bundle, say_finding, written
    from rankzero.cli.show.passing import Passing
    from rankzero.doctor import here
    from rankzero.doctor.model import FAILURE

    wanted = None
    if bundle is not None:
        from rankzero.doctor.bundle.making import Wanted

        wanted = Wanted(bundle, run, where)
    found = []
    line = Passing(terminal.err())

    def waits(names: Sequence[str]) -> None:
        if names:
            line.draw(f"waiting for {', '.join(names)} (first imports take long)")

    with contextlib.ExitStack() as stack:
        stack.callback(line.clear)  # also where somebody leaves while it is there
        for finding in stack.enter_context(contextlib.closing(here.findings(where, inside, waits))):
            found.append(finding)
            line.clear()
            if output == "text":
                say_finding(terminal.out(), finding)
    told: dict[str, Any] = {"findings": [one.to_json() for one in found]}
    if wanted is not None:
        made = wanted.made(written(found), found)
        told["bundle"] = {
            "file": str(wanted.file),
            "entries": [one._asdict() for one in made.entries],
        }
        if output == "text":
            say_bundle(terminal.out(), wanted.file, made.entries)
    if output == "json":
        programs.print_json(told)
    return exits.REFUSED if any(one.verdict == FAILURE for one in found) else exits.DONE

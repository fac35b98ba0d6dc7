"""The lab's commands: `python -m tests.cluster.lab --help`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial

from . import (
    cluster,
    compile,
    control,
    enforcer,
    images,
    namespaces,
    needs,
    node,
    power,
    registry,
    servers,
    storage,
    suite,
)
from .kubectl import admin
from .places import CACHE, KUBECONFIG, STATE
from .shell import LabError


def main() -> int:
    """One command; its exit status."""
    words = sys.argv[1:]
    # What these are given is for another program, options and all.
    mine = 1 if words and words[0] in ("kubectl", "test", "with") else len(words)
    args = _parser().parse_args(words[:mine])
    args.words = words[mine:]
    try:
        return args.run(args) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; `down` takes away what there is", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster.lab", description="A real Kubernetes on this machine."
    )
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def verb(
        name: str, run: Callable[[argparse.Namespace], int | None], about: str = ""
    ) -> argparse.ArgumentParser:
        # Without a description it is a part of the lab itself, and not listed.
        made = verbs.add_parser(name, help=about, description=about) if about else None
        made = made or verbs.add_parser(name)
        made.set_defaults(run=run)
        return made

    building = verb("build", _build, "compile what the lab runs, once")
    building.add_argument("--kueue", action="store_true", help="Kueue as well")
    about = "bring the lab up and print its kubeconfig's path"
    verb("up", _up, about).add_argument("--nodes", type=int, default=2, help="how many (2)")
    verb("down", lambda _: cluster.down(), "end the lab and leave nothing of it")
    making = verb("image", _image, "build an image and push it to the lab's registry")
    about = "without one: the images that all tests use"
    making.add_argument("name", nargs="?", help=about)
    making.add_argument("--apt", nargs="*", default=[], help="Debian packages")
    making.add_argument(
        "--pip", nargs="*", default=[], help="Python packages, without dependencies"
    )
    for name, act, about in (
        ("power-off", power.off, "end everything on a node at once, as a lost power supply would"),
        ("power-on", power.on, "start such a node again and wait until it is ready"),
    ):
        one = verb(name, partial(_on_node, act), about)
        one.add_argument("node", type=int, help="its number, from 0")
    about = "let a node advertise GPUs (there is no device behind them)"
    giving = verb("gpus", lambda args: power.gpus(args.node, args.count), about)
    giving.add_argument("node", type=int)
    giving.add_argument("count", type=int)
    about = "kill the API server and wait until a new one answers"
    verb("restart-apiserver", lambda _: servers.restart_api_server(), about)
    verb("status", _status, "say what is up")
    verb("clean", _clean, "end the lab and remove the cache, too")
    verb("kubectl", _kubectl, "kubectl as the lab's administrator, with any arguments")
    about = "run tests/cluster, on a lab made for them if none is up; arguments are pytest's"
    verb("test", _test, about)
    about = "run a command whose KUBECONFIG is the lab's, on a lab made for it if none is up"
    verb("with", _with, about)
    verb("_control", lambda _: control.main())
    verb("_node", lambda args: node.main(args.node)).add_argument("node", type=int)
    verb("_policies", lambda args: enforcer.main(args.node)).add_argument("node", type=int)
    verb("_storage", lambda _: storage.main())
    return parser


def _build(args: argparse.Namespace) -> None:
    with cluster.alone():
        compile.compile_all()
        compile.metrics_server()
        if args.kueue:
            compile.kueue()


def _up(args: argparse.Namespace) -> None:
    _must_host()
    needs.install()
    print(cluster.up(args.nodes))


def _must_host() -> None:
    if obstacle := needs.obstacle():
        raise LabError(f"this machine cannot host the lab: {obstacle}")


def _status(_: argparse.Namespace) -> int:
    if not cluster.is_up():
        for trace in cluster.traces():
            print(f"left of an earlier lab: {trace}")
        print("the lab is not up")
        return 1
    print(f"kubeconfig  {KUBECONFIG}")
    for name, recipe in images.KNOWN.items():
        made = registry.made_from(name) == recipe.digest
        how = "`image`" if name in images.STANDARD else f"`image {name}`"
        print(f"image       {registry.full_name(name)}{'' if made else f' (not built: {how})'}")
    for item in sorted(STATE.glob("node[0-9]*")):
        print(f"{item.name:11} {'on' if namespaces.runs(item.name) else 'off'}")
    return 0


def _clean(_: argparse.Namespace) -> None:
    cluster.down()
    shutil.rmtree(CACHE, ignore_errors=True)


def _kubectl(args: argparse.Namespace) -> None:
    command = admin.command(*args.words)
    os.execv(command[0], command)


def _test(args: argparse.Namespace) -> int:
    return suite.run(args.words)


def _with(args: argparse.Namespace) -> int:
    _must_host()
    if not args.words:
        raise LabError("with: which command?")
    return suite.command(args.words)


def _on_node(act: Callable[[int], None], args: argparse.Namespace) -> None:
    act(args.node)


def _image(args: argparse.Namespace) -> None:
    if args.name is None:
        for name, recipe in images.STANDARD.items():
            print(images.ensure(name, recipe))
    else:
        recipe = images.Recipe(tuple(args.apt), tuple(args.pip))
        if recipe == images.Recipe():
            recipe = images.KNOWN.get(args.name, recipe)
        print(images.ensure(args.name, recipe))


if __name__ == "__main__":
    sys.exit(main())

"""Options and arguments that several verbs of volumes share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rankzero.cli.options import where_options

if TYPE_CHECKING:
    from rankzero.backends.base import Helper
    from rankzero.backends.places import Where
    from rankzero.backends.volumes import Moved, Volumes

Verb = Callable[..., Any]
there_options = where_options("Where: local (default), kubernetes, or a profile.")


def source_options(size: str | None) -> Callable[[Verb], Verb]:
    """`--size`, `--access` and `--class`. size: by default."""
    default = f" (default: {size})" if size else ""

    def decorate(verb: Verb) -> Verb:
        for option in (
            click.option("--class", "kind", metavar="NAME", help="The StorageClass."),
            click.option(
                "--access",
                metavar="WORD",
                help="Who may mount it: once (one machine; the default), many, or pod (one pod).",
            ),
            click.option(
                "--size", default=size, metavar="SIZE", help=f"How large, such as 5Gi{default}."
            ),
        ):
            verb = option(verb)
        return verb

    return decorate


def helper_options(verb: Verb) -> Verb:
    """How the pod is made that looks at a volume, which a verb gets as `helper`."""

    @functools.wraps(verb)
    def told(*args: Any, where: Where, **given: Any) -> Any:  # noqa: ANN401
        names = ("helper_image", "helper_user", "helper_wait")
        helper = _helper(where, *(given.pop(name) for name in names))
        return verb(*args, where=where, helper=helper, **given)

    for option in (
        click.option(
            "--wait",
            "helper_wait",
            default="3m",
            metavar="TIME",
            help="How long the helper pod may take to start (default: 3m).",
        ),
        click.option(
            "--user",
            "helper_user",
            metavar="UID",
            help="Who the helper pod runs as (default: 1000, or as the run that has the volume).",
        ),
        click.option(
            "--image",
            "helper_image",
            metavar="IMAGE",
            help="The helper pod's; it needs Python alone (default: that of jobs there).",
        ),
    ):
        told = option(told)
    return told


def _helper(where: Where, image: str | None, user: str | None, wait: str) -> Helper:
    """Errors: BadRequest, SpecError."""
    from rankzero import backends
    from rankzero.backends.base import Helper
    from rankzero.cli.moments import span
    from rankzero.errors import BadRequest

    if user is not None and not re.fullmatch(r"[0-9]{1,10}(:[0-9]{1,10})?|image", user):
        raise BadRequest(f'--user: "{user}" is no user; write 1000, 1000:100 or image.')
    if image is None:
        config = backends.config()
        name, _ = backends.to_run(where, config)
        image = config.defaults_at(name).find(("image",)).text or None
    return Helper(None, image, user, span(wait, "--wait"))


def volumes_of(where: Where) -> Volumes:
    """Those of the place that is meant. Errors: BadRequest, SpecError."""
    from rankzero import backends

    _, place = backends.to_run(where, backends.config())
    return backends.at(place).volumes()


class Spot(NamedTuple):
    """A path in a volume."""

    name: str
    path: str


def spot(text: str) -> Spot | None:
    """`NAME:/path`; None for what is none."""
    found = re.fullmatch(r"([a-z0-9][a-z0-9.-]*):(/.*)?", text)
    return Spot(found[1], found[2] or "/") if found else None


def no_spot(text: str, example: str) -> Exception:
    """What is said of a word that is no path in a volume."""
    from rankzero.errors import BadRequest

    hint = f"As in: rankzero volume {example}"
    if re.match(r"[a-z0-9.-]+:[^/]", text):
        hint = f"A path in a volume begins with `/`: {text.replace(':', ':/', 1)}"
    return BadRequest(f'"{text}" is no path in a volume; write NAME:/PATH.', hint)


def say_moved(moved: Moved, name: str, output: str) -> None:
    """What came of a copy. JSON: volume, files, bytes, to, skipped."""
    from rankzero.cli.show import programs, terminal
    from rankzero.why.words import count, size

    if output == "json":
        programs.print_json(
            {
                "volume": name,
                "files": moved.files,
                "bytes": moved.size,
                "to": moved.to,
                "skipped": list(moved.skipped),
            }
        )
        return
    terminal.out().say(f"{moved.to}: {count(moved.files, 'file')}, {size(moved.size)}")
    if moved.skipped:
        shown = ", ".join(moved.skipped[:5]) + (", ..." if len(moved.skipped) > 5 else "")
        left = f"left out, for they lead elsewhere or are no files: {shown}"
        terminal.err().say(f"  note: {left}")

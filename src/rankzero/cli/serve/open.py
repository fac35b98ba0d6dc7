"""`rankzero serve open`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rankzero.cli.options import output_option
from rankzero.cli.serve.options import cluster_of, name_argument, place_options

if TYPE_CHECKING:
    from rankzero.backends.places import Where
    from rankzero.backends.ports import Opened


@click.command()
@name_argument
@click.option("--port", "local", metavar="PORT", help="The port here (default: any free one).")
@click.option("--path", default="/", metavar="PATH", help="What the browser is shown.")
@click.option("--browser/--no-browser", default=True, help="Open a browser (default: yes).")
@click.option(
    "--address",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Listen on this address of this machine, and not on loopback alone.",
)
@place_options
@output_option
def command(
    name: str,
    local: str | None,
    path: str,
    browser: bool,
    address: str,
    output: str,
    where: Where,
) -> int:
    """Reach a service from this machine.

    Through the API server to a pod that is ready; where that one goes, to another. Needs no address
    of the service. Goes on until Ctrl-C, or until the service is deleted.

    JSON: an object with service, url, address, port (here), to (in the pod).
    """
    from rankzero.backends.kubernetes.services.looking import deployment
    from rankzero.backends.kubernetes.services.opening import forward
    from rankzero.backends.kubernetes.services.reading import request
    from rankzero.backends.ports import Wanted
    from rankzero.cli.show import programs, terminal

    cluster = cluster_of(where, name)
    port = request(deployment(cluster, name))["port"]
    wanted = Wanted.read(f"{local or ''}:{port}")

    def opened(one: Opened) -> None:
        host = f"[{one.address}]" if ":" in one.address else one.address
        url = f"http://{host}:{one.local}{path if path.startswith('/') else '/' + path}"
        if output == "json":
            here = {"address": one.address, "port": one.local, "to": one.port}
            programs.print_line({"service": name, "url": url, **here})
        else:
            terminal.out().say(f"{url} -> {name} (port {one.port}); Ctrl-C ends it")
        if browser and output == "text":
            _show(url)

    def note(text: str) -> None:
        terminal.err().say(f"  note: {text}")

    forward(cluster, name, wanted, address, opened, note)
    return 0


def _show(url: str) -> None:
    """In a browser, where this machine has one for people; a text browser would take the
    terminal."""
    import os
    import sys
    import webbrowser

    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)

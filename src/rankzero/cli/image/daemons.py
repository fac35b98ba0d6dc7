"""`rankzero image build --builder`: another tool builds, and is told what to call it."""

from __future__ import annotations

from pathlib import Path


def build(
    builder: str,
    name: str,
    folder: Path,
    file: Path | None,
    platforms: tuple[str, ...],
    *,
    dry_run: bool,
) -> int:
    """dry_run: print what would be run."""
    import shlex

    from rankzero.cli.show import terminal
    from rankzero.images import daemons

    wanted = tuple(word for one in platforms for word in one.split(","))
    order = daemons.Order(name, folder, file or folder / "Dockerfile", wanted)
    if dry_run:
        for words in daemons.commands(builder, order):
            terminal.out().say(shlex.join(words))
        return 0
    daemons.run(builder, order)
    terminal.out().say(name)
    return 0

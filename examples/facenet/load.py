"""Get pictures of people into one folder, as NAME/NAME_0001.png: found ones, or drawn ones."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

import pictures
from generate import generate


def main() -> None:
    options = parse()
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    print(f"started {started}")
    if options.source:
        copy(Path(options.source), options.to, options.least)
    else:
        generate(options.to, options.identities, options.pictures, options.size, options.seed)
    people = pictures.find(options.to)
    total = sum(len(some) for some in people.values())
    print(f"{total} pictures of {len(people)} identities in {options.to}")
    if options.tell_start:
        options.tell_start.write_text(f"{started}\n")


def copy(source: Path, to: Path, least: int) -> None:
    """The pictures of those who have enough of them."""
    try:
        people = pictures.find(source, least)
    except ValueError as error:
        sys.exit(f"{error}")
    for name, paths in people.items():
        (to / name).mkdir(parents=True, exist_ok=True)
        for path in paths:
            shutil.copyfile(path, to / name / path.name)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--from", dest="source", default="", help="such a folder; else they're drawn"
    )
    parser.add_argument("--least", type=int, default=4, help="pictures that one must have there")
    parser.add_argument("--to", type=Path, default=Path("faces"))
    parser.add_argument("--identities", type=int, default=64, help="people that are drawn")
    parser.add_argument("--pictures", type=int, default=24, help="of each")
    parser.add_argument("--size", type=int, default=48, help="pixels of their sides")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tell-start", type=Path, help="a file for the time of this start")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""`python -m rankzero.serving CONFIG`: a model server, as a pod starts it. CONFIG is a JSON file
with the keys of `Settings`. It ends at SIGTERM with 0, once what it took is answered."""

from __future__ import annotations

import sys
from pathlib import Path

from rankzero.agent import exits
from rankzero.errors import Error
from rankzero.serving.keeping import serve
from rankzero.serving.logs import say
from rankzero.serving.settings import Settings


def main() -> None:
    """Leaves with an exit code."""
    if len(sys.argv) != 2:
        say("usage: python -m rankzero.serving CONFIG.json")
        sys.exit(exits.BAD_REQUEST)
    try:
        sys.exit(serve(Settings.read(Path(sys.argv[1]))))
    except Error as error:
        say(str(error))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

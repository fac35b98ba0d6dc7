"""`python counting.py FILE ARGV...`: `rankzero ARGV` as it is, with its HTTP
requests counted by their method; FILE gets the counts, as JSON."""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path
from typing import Any

import httpx2

from rankzero.cli.main import run


def main() -> None:
    file, *argv = sys.argv[1:]
    counted: collections.Counter[str] = collections.Counter()
    for client in (httpx2.Client, httpx2.AsyncClient):
        _count(client, counted)
    code = run(argv)
    Path(file).write_text(json.dumps(counted), encoding="utf-8")
    sys.exit(code)


def _count(client: Any, counted: collections.Counter[str]) -> None:
    """Let the client count what it sends."""
    send = client.send

    def counting(self: Any, request: httpx2.Request, *args: Any, **how: Any) -> Any:
        counted[request.method] += 1
        return send(self, request, *args, **how)

    client.send = counting


if __name__ == "__main__":
    main()

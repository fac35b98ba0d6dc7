"""Asking a cluster through kubectl."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

from . import rest
from .places import BIN, KUBECONFIG, STATE
from .shell import LabError, run, succeeds


class Kubectl(NamedTuple):
    """kubectl with somebody's rights, in a namespace where one is given."""

    kubeconfig: Path
    namespace: str = ""
    program: str = str(BIN / "kubectl")
    #: Where it remembers what the cluster offers; by default in the user's home.
    cache: Path | None = None

    def within(self, namespace: str) -> Kubectl:
        """The same rights, in a namespace."""
        return self._replace(namespace=namespace)

    def of(self, kubeconfig: Path) -> Kubectl:
        """Somebody else's rights, in the same namespace."""
        return self._replace(kubeconfig=kubeconfig)

    def command(self, *argv: object) -> list[str]:
        """The whole command line."""
        where = ["--namespace", self.namespace] if self.namespace else []
        where += ["--cache-dir", str(self.cache)] if self.cache else []
        return [self.program, "--kubeconfig", str(self.kubeconfig), *where, *map(str, argv)]

    def __call__(self, *argv: object, text: str = "", seconds: float = 120) -> str:
        """What `kubectl ARGV` prints; text is its standard input. Errors: LabError."""
        words = [*map(str, argv)]
        if words[0] == "get" and words[-2:] == ["-o", "name"]:
            plain = self._plainly(words[1:])
            if plain and (said := plain[0].names(plain[1], self.namespace)) is not None:
                return said
        if words[0] == "delete" and "--wait=false" in words:
            plain = self._plainly(words[1:])
            if plain and plain[0].delete(plain[1], self.namespace):
                return ""
        return run(*self.command(*argv), text=text, seconds=seconds)

    def succeeds(self, *argv: object) -> bool:
        """Whether a command ends with 0."""
        plain = self._plainly([*map(str, argv[1:])]) if argv[0] == "get" else None
        if plain and plain[1].names:
            try:
                return plain[0].get(plain[1], self.namespace) is not None
            except LabError:
                return False
        return succeeds(*self.command(*argv))

    def get(self, *argv: object) -> Any:
        """An object, or a list of objects, as data. Errors: LabError where there is none."""
        plain = self._plainly([*map(str, argv)])
        if plain and (found := plain[0].get(plain[1], self.namespace)) is not None:
            return found
        return json.loads(self("get", *argv, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create objects, or change them to this. Errors: LabError where that is refused."""
        server = rest.server(self.kubeconfig)
        for one in objects:
            if server is None or not server.apply(one, self.namespace):
                self("apply", "-f", "-", text=json.dumps(one))

    def token(self, account: str, seconds: int) -> str:
        """A new one of a ServiceAccount's. Errors: LabError."""
        server = rest.server(self.kubeconfig)
        if server is not None:
            return server.token(account, self.namespace, seconds)
        return self("create", "token", account, "--duration", f"{seconds}s").strip()

    def config(self) -> dict[str, Any]:
        """The kubeconfig's present context, with all that belongs to it."""
        words = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        written = self.kubeconfig.stat().st_mtime_ns
        found: dict[str, Any] = json.loads(_printed(written, *self.command(*words)))
        return found

    def _plainly(self, words: list[str]) -> tuple[rest.Server, rest.Asked] | None:
        """Who can be asked without a program, and what for; None for what is kubectl's."""
        asked, server = rest.plain(words), rest.server(self.kubeconfig)
        return None if asked is None or server is None else (server, asked)


@functools.lru_cache(maxsize=8)
def _printed(_written: int, *command: str) -> str:
    """Of a file as it was at a time."""
    return run(*command)


#: The lab's administrator.
admin = Kubectl(KUBECONFIG, cache=STATE / "kubectl")


def ready() -> bool:
    """Whether the lab's API server answers and says that it is ready."""
    return admin.succeeds("get", "--raw", "/readyz", "--request-timeout=2s")

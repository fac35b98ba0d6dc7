"""Asking a cluster through kubectl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .places import BIN, KUBECONFIG, STATE
from .shell import run, succeeds


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
        return run(*self.command(*argv), text=text, seconds=seconds)

    def succeeds(self, *argv: object) -> bool:
        """Whether a command ends with 0."""
        return succeeds(*self.command(*argv))

    def get(self, *argv: object) -> Any:
        """An object, or a list of objects, as data. Errors: LabError where there is none."""
        return json.loads(self("get", *argv, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create objects, or change them to this. Errors: LabError where that is refused."""
        whole = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "-f", "-", text=json.dumps(whole))


#: The lab's administrator.
admin = Kubectl(KUBECONFIG, cache=STATE / "kubectl")


def ready() -> bool:
    """Whether the lab's API server answers and says that it is ready."""
    return admin.succeeds("get", "--raw", "/readyz", "--request-timeout=2s")

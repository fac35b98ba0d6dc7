"""A home in which pipelines run, and short ways to their files and to what became of them."""

from __future__ import annotations

import json
from typing import Any

from support import processes
from support.home import Home
from support.waiting import until


class Works(Home):
    """A home with a pipeline file."""

    def pipeline(self, text: str, name: str = "pipeline.yaml") -> str:
        path = self.work / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def status(self, run: str = "-") -> dict[str, Any]:
        said = self.call("pipeline", "status", run, "-o", "json")
        assert said.code == 0, said
        (one,) = json.loads(said.out)["pipelines"]
        found: dict[str, Any] = one
        return found

    def states(self, run: str = "-") -> dict[str, str]:
        return {step["step"]: step["state"] for step in self.status(run)["steps"]}

    def facts(self, run: str = "-") -> list[dict[str, Any]]:
        said = self.call("pipeline", "events", run, "-o", "json")
        return [json.loads(line) for line in said.out.splitlines()]

    def of(self, role: str) -> list[int]:
        """The pids of the pipelines' own processes: `keeping` or `driving`."""
        found = processes.carrying(self.state)
        return [one.pid for one in found if f"pipelines.{role} import" in " ".join(one.arguments)]

    def the(self, role: str) -> int:
        return until(lambda: self.of(role), f"a process of {role}")[0]

    def lines(self, name: str) -> list[str]:
        """Of a file in the work folder; none where it is not there."""
        path = self.work / name
        return path.read_text().splitlines() if path.exists() else []

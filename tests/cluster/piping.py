"""Users who may run pipelines, and what they run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import yaml

from support import processes
from support.home import Said

from .team import Team

#: A pipeline of a few steps, each a pod after the other, on a machine that does more.
PATIENCE = 180.0


def rules(*what: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "rankzero", "doctor", "--rbac", *what]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: list[dict[str, Any]] = yaml.safe_load(said)["rules"]
    return found


def written(team: Team, text: str) -> str:
    path = team.work / "pipeline.yaml"
    path.write_text(text)
    return str(path)


def run(team: Team, text: str, *options: str) -> Said:
    return team.start("pipeline", "run", written(team, text), *options).wait(PATIENCE)


def events(team: Team) -> list[dict[str, Any]]:
    said = team.call("pipeline", "events", "-", "-o", "json")
    return [json.loads(line) for line in said.out.splitlines()]


def listed(team: Team) -> list[dict[str, Any]]:
    said = team.call("pipeline", "list", "-o", "json")
    found: list[dict[str, Any]] = json.loads(said.out)["pipelines"]
    return found


def drivers(run: str) -> list[processes.Process]:
    """Of the lab's machines, whose processes are this one's as well."""
    found = processes.carrying(f"{run}-driver")
    return [one for one in found if one.arguments[-1:] == ("drive",)]

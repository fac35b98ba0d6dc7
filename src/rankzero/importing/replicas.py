"""The groups of equal pods of a training job, as roles."""

from __future__ import annotations

from typing import Any

from rankzero.importing import policies
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.pod import Pod
from rankzero.spec.problems import did_you_mean

#: Of these there is one.
_SINGLE = ("master", "chief")


class Replicas:
    """roles: each with its keys, but for `nodes`. counts: how many nodes each has. job: keys of
    the job that their pods say. launched: roles in whose pods torchrun was."""

    def __init__(
        self,
        spec: Fields,
        key: str,
        known: dict[str, str],
        main: str,
        findings: Findings,
        run: str | None,
    ) -> None:
        """known: the roles' names by those of the source. main: the container with the training."""
        self.roles: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, int] = {}
        self.job: dict[str, Any] = {}
        self.launched: set[str] = set()
        self._parts: list[Fields] = []
        self._main, self._findings, self._run = main, findings, run
        table = spec.table(key)
        if key not in spec:
            findings.problem(spec.place, f"must have `{key}`{did_you_mean(key, spec.names())}")
        for name in sorted(
            table.names(), key=lambda one: list(known).index(one) if one in known else 0
        ):
            if name not in known:
                message = f"is no kind of replica{did_you_mean(name, known)}"
                findings.problem(table.at(name), message)
                continue
            self._replica(known[name], name, table)
        if key in spec and not self.roles and not findings.problems:
            findings.problem(spec.at(key), "has no replicas")

    def restarts(self, limit: int | None) -> int | None:
        """How many failures the run survives."""
        found = policies.restarts(self._parts, limit, self._findings)
        for part in self._parts:
            part.left()
        return found

    def _replica(self, role: str, name: str, table: Fields) -> None:
        part = table.table(name)
        count = part.whole("replicas")
        if role in _SINGLE and count is not None and count > 1:
            self._findings.problem(part.at("replicas"), f"must be 1 of {name}; got {count}")
        if count == 0:
            self._findings.note(part.at("replicas"), f"{name} has none", f"there is no role {role}")
            return
        if "template" not in part:
            self._findings.problem(part.place, "must have a template")
            return
        pod = Pod(part.table("template"), self._main, self._findings, self._run)
        self._parts.append(part)
        self.counts[role] = 1 if count is None else count
        self.roles[role] = {key: one for key, one in pod.role.items() if one not in (None, {}, [])}
        if pod.launched:
            self.launched.add(role)
        self._merge(pod, part)

    def _merge(self, pod: Pod, part: Fields) -> None:
        """What only a job can say: of two roles that say it in two ways, the first is right."""
        for key, value in pod.job.items():
            if value in (None, [], {}):
                continue
            if self.job.setdefault(key, value) != value:
                what = f"says {key} in another way than the others"
                instead = f"all of a job have one: {self.job[key]}"
                self._findings.note(part.place, what, instead)

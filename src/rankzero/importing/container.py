"""The container with the training: what it runs, with what, and on how much."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.importing.launching import SHELLS, inside, script_at
from rankzero.importing.resources import resources
from rankzero.importing.sketch import run_of
from rankzero.importing.variables import Variables
from rankzero.importing.volumes import Volumes
from rankzero.spec.given import Given
from rankzero.spec.params import escape
from rankzero.spec.problems import Place

_PULLS = ("Always", "IfNotPresent", "Never")
_WATCHED = "an agent watches the ranks: rankzero why RUN says what became of them"
#: Ports by which a framework's processes meet, as its operator calls them: they are found here by
#: themselves, but a port that somebody chose stays.
_MEETING = {"pytorchjob-port": "torch", "tfjob-port": "tensorflow"}


class Container:
    """role, job: keys of the job file. laid: what only Kubernetes' own notation can say of the
    container. security: its security context. launched: whether torchrun was in it."""

    def __init__(
        self, container: Fields, spec: Fields, findings: Findings, run: str | None
    ) -> None:
        self._findings, self._fields = findings, container
        self.place = container.at("image")
        self.job: dict[str, Any] = {}
        self.role: dict[str, Any] = {}
        self.laid: dict[str, Any] = {}
        self.launched = False
        self._variables = Variables(container, findings)
        self.standing = self._variables.standing
        self.volumes = Volumes(spec, container, findings)
        self.security = container.table("securityContext")
        self._image()
        self.role.update(resources(container.table("resources"), findings))
        self._keep()
        self._ports()
        self._run(run)
        for key in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            container.note(key, "is not carried over", _WATCHED)
        for key in ("stdin", "stdinOnce", "tty"):
            container.note(key, "is not carried over", "ranks have no terminal; rankzero exec has")
        container.pass_over("terminationMessagePath", "terminationMessagePolicy")
        container.left()

    def _image(self) -> None:
        image, pull = self._fields.text("image"), self._fields.given("imagePullPolicy")
        self.role["image"] = None if image is None else escape(image)
        if pull is not None and pull.text not in _PULLS:
            message = f'must be {", ".join(_PULLS)}; got "{pull.text}"'
            self._findings.problem(pull.place, message)
        elif pull is not None:
            self.role["pull"] = pull.text

    def _keep(self) -> None:
        """Variables and volumes, and what of them goes the long way."""
        variables, volumes = self._variables, self.volumes
        self.role |= {"env": variables.said, "secrets": variables.secrets}
        self.role |= {"env_from": variables.whole, "volumes": volumes.said, "shm": volumes.shm}
        laid = {
            "env": variables.laid,
            "envFrom": variables.laid_whole,
            "volumeMounts": volumes.mounts,
        }
        self.laid |= {key: one for key, one in laid.items() if one}

    def _ports(self) -> None:
        ports: dict[str, Any] = {}
        for one in self._fields.tables("ports"):
            number = one.whole("containerPort", 1)
            name = one.text("name") or f"port-{number}"
            one.pass_over("protocol")
            one.note("hostPort", "is not carried over", "reach it: rankzero port-forward RUN PORT")
            one.left()
            meeting = _MEETING.get(name)
            if meeting == "torch":
                self.job["torch"] = {"port": number}
            elif number is not None:
                ports[meeting or name] = number
        self.role["ports"] = ports

    def _run(self, run: str | None) -> None:
        words = self._words("command")
        args = self._words("args")
        where = self._fields.at("command" if words else "args")
        folder = self._fields.given("workingDir")
        if not words:
            self._variables.without_torchrun()
            self._without_command(run, args)
            return
        inner = inside([*words, *args], self._findings, where, self._variables.options)
        self.launched = inner.launched
        if not self.launched:
            self._variables.without_torchrun()
        words = inner.words
        self._say_where(words, where, folder)
        if folder is not None:
            words = self._moved(words, folder.text, folder.place)
        self.role |= {**run_of(words), **inner.role}
        self.job = {**inner.job, **self.job}

    def _words(self, key: str) -> list[str]:
        place = self._fields.at(key)
        return [self._variables.filled(word, place) for word in self._fields.texts(key)]

    def _without_command(self, run: str | None, args: list[str]) -> None:
        if run is None:
            message = "does not say what it runs, and what its image would run is not known"
            self._findings.problem(self._fields.place, f'{message}; add --run "python train.py"')
            return
        self.role["run"] = run
        if args:
            self.role["args"] = [escape(word) for word in args]

    def _moved(self, words: list[str], folder: str, place: Place) -> list[str]:
        """The same from another folder: ranks start in the one that travels."""
        at = script_at(words)
        if at:  # a program is not moved to: what it reads may stand beside it
            path = posixpath.normpath(posixpath.join(folder, words[at]))
            what = "is not carried over: ranks start in the folder that travels with the run"
            self._findings.note(place, what, f"the script's whole path is said: {path}")
            return [*words[:at], path, *words[at + 1 :]]
        what = "is not where ranks start, which is the folder that travels with the run"
        self._findings.note(place, what, f"env -C goes to {folder} first")
        return ["env", "-C", folder, *words]

    def _say_where(self, words: list[str], place: Place, folder: Given | None) -> None:
        """What is easily overlooked of a command that was made for an image."""
        shell = bool(words) and words[0] in SHELLS
        if shell and any(re.search(r"\b(torchrun|mpirun|mpiexec)\b", word) for word in words):
            what = "a shell starts a launcher of its own, which nobody looks into"
            instead = "each rank would start one: run what it starts, with nproc ranks"
            self._findings.note(place, what, instead)
        at = script_at(words)
        if at is not None and not words[at].startswith("/") and folder is None:
            what = f"{words[at]} is looked for in the folder that travels with the run"
            self._findings.note(place, what, "one that lies in the image needs its whole path")

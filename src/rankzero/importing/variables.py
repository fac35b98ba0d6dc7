"""A container's environment, and what Kubernetes fills into its texts."""

from __future__ import annotations

import re
from typing import Any

from rankzero import contracts
from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.spec.params import escape
from rankzero.spec.problems import Place

#: What says where a process stands among the others, besides the contracts' own.
_STANDING = re.compile(
    r"PET_\w+|TORCHELASTIC_\w+|JOB_COMPLETION_INDEX|NODE_RANK|NNODES|NPROC_PER_NODE|"
    r"(PS|WORKER|CHIEF)_HOSTS|RANKZERO_\w+"
)
#: What torchrun takes for --nproc-per-node where its command line does not say it.
_RANKS = "PET_NPROC_PER_NODE"
_SET = "every rank finds its own value, under the names of its framework"
#: `$(NAME)`, and `$$(NAME)` for the text itself.
_USE = re.compile(r"\$(\$\([^)]*\))|\$\(([^)\s]+)\)")


class Variables:
    """said: variables with their values. options: words for torchrun, if there is one. secrets,
    whole: those from a Secret, by key and as a whole. laid: all others, in Kubernetes' notation."""

    def __init__(self, container: Fields, findings: Findings) -> None:
        self.said: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.whole: list[Any] = []
        self.laid: list[dict[str, Any]] = []
        self.laid_whole: list[dict[str, Any]] = []
        self.standing: set[str] = set()
        self.options: list[str] = []
        self._ranks: Place | None = None
        self._values: dict[str, str] = {}
        self._findings = findings
        for one in container.tables("env"):
            self._variable(one)
        for one in container.tables("envFrom"):
            self._source(one)

    def filled(self, text: str, place: Place) -> str:
        """The text with each `$(NAME)` that is known, as Kubernetes would fill it in."""

        def value(found: re.Match[str]) -> str:
            if found[1]:
                return found[1]
            if found[2] not in self._values:
                what = f"nobody fills in $({found[2]})"
                self._findings.note(place, what, "what runs finds it in its environment")
            return self._values.get(found[2], found[0])

        return _USE.sub(value, text)

    def _variable(self, one: Fields) -> None:
        name = one.text("name") or ""
        if contracts.by_membership(name) or _STANDING.fullmatch(name):
            self.standing.add(name)
            self._stands(name, one)
            return
        place = one.at("value")
        if "valueFrom" in one:
            self._from(name, one)
            return
        value = one.given("value")
        text = "" if value is None else one.text_of(value) or ""
        self._values[name] = self.filled(text, place)
        self.said[name] = escape(self._values[name])
        one.left()

    def _stands(self, name: str, one: Fields) -> None:
        value = one.given("value")
        if name == _RANKS and value is not None and value.is_scalar:
            self._ranks = one.place
            self.options = [f"--nproc-per-node={self.filled(value.text, value.place)}"]
        else:
            self._findings.note(one.place, f"{name} is not carried over", _SET)

    def without_torchrun(self) -> None:
        """Nobody reads its options."""
        if self._ranks is not None:
            self._findings.note(self._ranks, f"{_RANKS} is not carried over", _SET)

    def _from(self, name: str, one: Fields) -> None:
        source = one.table("valueFrom")
        key = source.table("secretKeyRef")
        if set(source.names()) == {"secretKeyRef"} and set(key.names()) <= {"name", "key"}:
            self.secrets[name] = f"{key.text('name')}/{key.text('key')}"
        else:
            self.laid.append(one.whole_mapping())

    def _source(self, one: Fields) -> None:
        kinds = set(one.names())
        for kind, ours in (("secretRef", "secret"), ("configMapRef", "config_map")):
            source = one.table(kind)
            if kinds == {kind} and set(source.names()) == {"name"}:
                name = source.text("name")
                self.whole.append(name if ours == "secret" else {ours: name})
                return
        self.laid_whole.append(one.whole_mapping())

"""A command line of `torchrun`, or of the modules `torch.distributed.run` and `.launch`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rankzero.importing.findings import Findings
from rankzero.importing.options import Options, Said, word_at
from rankzero.importing.sketch import run_of, script
from rankzero.spec import names, units
from rankzero.spec.problems import Place

_VALUES = (
    *("nnodes", "nproc-per-node", "max-restarts", "role", "master-port", "rdzv-conf"),
    *("rdzv-backend", "rdzv-endpoint", "rdzv-id", "master-addr", "node-rank", "local-addr"),
    *("monitor-interval", "start-method", "log-dir", "redirects", "tee", "local-ranks-filter"),
    *("logs-specs", "numa-binding", "signals-to-handle", "event-log-handler"),
    *("duplicate-stdout-filters", "duplicate-stderr-filters"),
)
_FLAGS = ("standalone", "module", "no-python", "run-path", "use-env", "help")
_KNOWN = {**dict.fromkeys(_VALUES, 1), **dict.fromkeys(_FLAGS, 0)}
_SHORT = {"m": "module", "r": "redirects", "t": "tee", "h": "help"}

_MEETING = "the first node's agent coordinates, and the others find it"
_LINES = "every line of every rank is kept and shown: rankzero logs RUN --rank 0"
#: What has no meaning here: why it needs none.
_INSTEAD = {
    **dict.fromkeys(("rdzv-backend", "rdzv-endpoint", "rdzv-id", "master-addr"), _MEETING),
    "node-rank": "one command starts all nodes, and each has its number",
    "local-addr": "each node is known by the address that its agent has",
    **dict.fromkeys(("log-dir", "redirects", "tee", "local-ranks-filter", "logs-specs"), _LINES),
    **dict.fromkeys(("duplicate-stdout-filters", "duplicate-stderr-filters"), _LINES),
    "monitor-interval": "an agent knows at once when a rank ends",
    "start-method": "each rank is a program that is started anew",
    "numa-binding": "ranks run where the machine places them",
    "signals-to-handle": "agents pass SIGTERM on, with time for the ranks before SIGKILL: grace",
    "event-log-handler": "the run's history is there: rankzero events RUN",
}


class Launch:
    """What a command line of torchrun comes to.

    role: how the role's nodes are called. said: keys of the role. job: keys of the job.
    """

    def __init__(
        self,
        words: Sequence[str],
        findings: Findings,
        where: Place = Place(),  # noqa: B008
        *,
        old: bool = False,
    ) -> None:
        """words: what follows the program. old: it is `torch.distributed.launch`."""
        self._options = Options(words, _KNOWN, _SHORT, findings, where)
        self._where = where
        self._findings = findings
        self.role = self._named()
        self.said: dict[str, Any] = {"nodes": self._nodes(), "nproc": self._nproc()}
        self.job: dict[str, Any] = {"framework": "torch", **self._life(), **self._run()}
        for one, instead in self._options.among(_INSTEAD):
            findings.note(one.place, "is not carried over", instead)
        if old and self._options.last("use-env") is None:
            findings.note(
                word_at("torch.distributed.launch", where),
                "gives a script --local-rank=N, and rankzero does not",
                "it stands in LOCAL_RANK: read it there",
            )

    def command(self, python: str) -> list[str]:
        """What each rank runs, with the interpreter by its name."""
        words = self._options.rest
        if self._options.last("no-python"):
            return words
        return [python, *(["-m"] if self._options.last("module") else []), *words]

    def _named(self) -> str:
        said = self._options.last("role")
        if said is None or said.value == "default":
            return "worker"
        role = names.valid(said.value, names.LONGEST_ROLE, "worker")
        if role != said.value:
            self._findings.note(said.place, f'"{said.value}" can name no role', f"it is {role}")
        return role

    def _nodes(self) -> int | str | None:
        said = self._options.last("nnodes")
        if said is None:
            return None
        low, high = self._parsed(said, units.nodes) or (1, 1)
        return high if low == high else f"{low}:{high}"

    def _nproc(self) -> int | str | None:
        said = self._options.last("nproc-per-node")
        if said is None or said.value in ("gpu", "cpu"):
            return said and said.value
        if said.value in ("auto", "xpu"):
            self._findings.note(
                said.place, f"{said.value} is not known here", "nproc: gpu is a rank for each GPU"
            )
            return "gpu"
        return self._whole(said, 1)

    def _life(self) -> dict[str, Any]:
        """Restarts, the port, and how long nodes are waited for."""
        said: dict[str, Any] = {}
        restarts, port = self._options.last("max-restarts"), self._options.last("master-port")
        if restarts is not None:
            said["max_restarts"] = self._whole(restarts, 0)
        if port is not None:
            said["torch"] = {"port": self._whole(port, 1)}
        meeting = self._options.last("rdzv-conf")
        if meeting is not None:
            said |= self._meeting(meeting)
        return said

    def _meeting(self, said: Said) -> dict[str, Any]:
        pairs = dict(one.partition("=")[::2] for one in said.value.split(",") if one)
        waits = pairs.pop("join_timeout", None)
        if pairs:
            self._findings.note(said.place, f"{', '.join(pairs)} is not carried over", _MEETING)
        if waits is None:
            return {}
        return {"wait": self._parsed(said._replace(values=(waits,)), units.seconds)}

    def _run(self) -> dict[str, Any]:
        options, words = self._options, self._options.rest
        if not words:
            self._findings.problem(
                word_at("torchrun", self._where), "starts nothing: a script is missing"
            )
            return {}
        if options.last("no-python"):
            return run_of(words)
        if options.last("module"):
            return run_of(["-m", *words])
        return script(words[0], words[1:])

    def _whole(self, said: Said, least: int) -> int | None:
        number = units.whole(said.value)
        if number is None or number < least:
            message = f'must be a whole number, at least {least}; got "{said.value}"'
            self._findings.problem(said.place, message)
            return None
        return number

    def _parsed(self, said: Said, parse: Any) -> Any:  # noqa: ANN401
        try:
            return parse(said.value)
        except ValueError as error:
            self._findings.problem(said.place, f'{error}; got "{said.value}"')
            return None

"""A command line of `mpirun` or `mpiexec`, as Open MPI and MPICH's Hydra spell it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rankzero.importing.findings import Findings
from rankzero.importing.mpihosts import Hosts, spread
from rankzero.importing.mpioptions import INSTEAD, KNOWN, PLACED, SHORT, TOLD
from rankzero.importing.options import Options, Said
from rankzero.importing.sketch import line_of, run_of
from rankzero.spec import units
from rankzero.spec.problems import Place


class Start:
    """What a command line of mpirun comes to. said: keys of the role; job: those of the job."""

    def __init__(self, program: str, words: Sequence[str], findings: Findings) -> None:
        """program: as it was called. words: what follows."""
        self._options = Options(words, KNOWN, SHORT, findings, Place())
        self._findings = findings
        self.job: dict[str, Any] = {"framework": "mpi", **self._mpirun(program), **self._run()}
        self.said: dict[str, Any] = self._nodes()
        self.env = self._env()
        for one, instead in self._options.among(INSTEAD):
            findings.note(one.place, "is not carried over", instead)

    def _mpirun(self, program: str) -> dict[str, Any]:
        """What mpirun itself is still told, where it is more than to start so many."""
        words = [program]
        for one, dashes in self._options.among(TOLD):
            words += [dashes + one.name, *one.values]
        return {} if words == ["mpirun"] else {"mpirun": line_of(words)}

    def _run(self) -> dict[str, Any]:
        words = self._options.rest
        for name in ("configfile", "app"):
            if said := self._options.last(name):
                self._findings.problem(said.place, "names a file of programs; give one program")
                return {}
        if not words:
            self._findings.problem(Place(option="mpirun"), "starts nothing: a program is missing")
            return {}
        if ":" in words:
            message = "separates programs; a job of several is one of several roles: write it so"
            self._findings.problem(Place(option=":"), message)
        folder = self._options.last("wdir")
        where = {"workdir": folder.value} if folder else {}
        return {**run_of(without_python(words)), **where}

    def _nodes(self) -> dict[str, Any]:
        """How many nodes, with how many ranks each."""
        hosts = Hosts.read(
            [*self._options.all("host"), *self._options.all("hosts")], self._findings
        )
        count, each = self._count("np"), self._each()
        if file := self._options.last("hostfile"):
            what = "is not read, so nobody knows how many machines it names"
            self._findings.note(file.place, what, "say it: nodes, and nproc for each")
        return spread(count, each, hosts, self._findings)

    def _each(self) -> Said | None:
        """How many on each node, as the number that it is."""
        said = self._options.last("npernode") or self._options.last("ppn")
        if one := self._options.last("pernode"):
            said = one._replace(values=("1",))
        mapped = self._options.last("map-by")
        if mapped is None:
            return self._number(said)
        found = re.match(r"ppr:(\d+):(node|host)\b", mapped.value)
        if found:
            return self._number(mapped._replace(values=(found[1],)))
        self._findings.note(mapped.place, f"{mapped.value} is not carried over", PLACED)
        return self._number(said)

    def _count(self, name: str) -> Said | None:
        return self._number(self._options.last(name))

    def _number(self, said: Said | None) -> Said | None:
        """The same, if it is a number above 0."""
        number = None if said is None else units.whole(said.value)
        if said is None or (number is not None and number >= 1):
            return said
        message = f'must be a whole number, at least 1; got "{said.value}"'
        self._findings.problem(said.place, message)
        return None

    def _env(self) -> dict[str, str]:
        env = {}
        for one in self._options.all("x"):
            name, equals, value = one.value.partition("=")
            if equals:
                env[name] = value
                continue
            what = f"{name} has the value that it has in your shell, which is not read"
            self._findings.note(one.place, what, f"write it: env: {{{name}: ...}}")
        for one in [*self._options.all("env"), *self._options.all("genv")]:
            env[one.values[0]] = one.values[1]
        return env


def without_python(words: Sequence[str]) -> list[str]:
    """`python train.py` as the script that it is, and `python -m lab.fit` as the module."""
    named = re.fullmatch(r"python3?", words[0])
    if named and len(words) > 1 and (words[1].endswith(".py") or words[1] == "-m"):
        return list(words[1:])
    return list(words)

"""From the form that people write to the form of the model: the same tree, every shorthand
spelled out, every `${name}` filled in, every path absolute.

What is said at the top for a role (`nodes`, `gpus`, ...) holds for each role that does not say
it itself; without `roles` there is one, `worker`.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from rankzero.spec import names
from rankzero.spec.given import Given, literal
from rankzero.spec.model import MOST_ROLES, Job, Role, Run
from rankzero.spec.params import Params, as_given
from rankzero.spec.paths import absolute, home
from rankzero.spec.problems import Problem, shown
from rankzero.spec.shorthands import spelled_out

#: What may stand at the top for all roles.
ROLE_KEYS = tuple(key for key in Role.model_fields if key not in Job.model_fields)
_FILLED_KEYS = ("nodes", "nproc", "gpus", "cpu", "memory", "image")
_TEXT_KEYS = (
    *("name", "framework", "image", "pull", "workdir", "outputs", "python", "backend"),
    *("queue", "priority_class", "service_account", "log_volume", "output_volume"),
    "registry",
)
_TEXT_TABLES = ("labels", "annotations", "resources")


class Expansion:
    """One request on its way to the model's form. marked: see `Overrides`."""

    def __init__(
        self, params: Params, base: Path, problems: list[Problem], *, marked: bool = False
    ) -> None:
        self._params = params
        self._marked = marked
        self._base = base
        self._problems = problems

    def job(self, tree: Given, more_args: list[Given]) -> Given:
        """The whole tree in the model's form. more_args: words added to the job's, as they are."""
        tree = self._said(tree)
        common = {key: tree.entries[key] for key in ROLE_KEYS if key in tree.entries}
        roles = self._roles(tree, common)
        top = tree.having(**dict.fromkeys(ROLE_KEYS), roles=roles)
        top = self._section(top)
        if more_args:
            args = top.find(("args",))
            top = top.having(args=Given([*args.items, *more_args], args.place))
        if "run" not in top.entries and roles.entries:
            runs = [role.entries.get("run") for role in roles.entries.values()]
            if all(runs):
                top = top.having(run=runs[0])
        top = top.having(params=as_given(self._params.values, tree.find(("params",)).place))
        return self._paths(self._named(top))

    def _said(self, tree: Given) -> Given:
        """Without the keys that have no value: `memory:` with nothing after it says nothing."""
        return tree.having(**{k: None for k, one in tree.entries.items() if one.value is None})

    def _roles(self, tree: Given, common: dict[str, Given]) -> Given:
        given = tree.entries.get("roles", Given({"worker": Given({}, tree.place)}, tree.place))
        if len(given.entries) > MOST_ROLES:
            message = f"must be at most {MOST_ROLES} roles; got {len(given.entries):,}"
            self._problems.append(Problem(given.place, message))
            return given._replace(value={"worker": Given({})})
        if not isinstance(given.value, dict) or not given.value:
            message = f"must be a mapping of at least one role; got {shown(given.value)}"
            self._problems.append(Problem(given.place, message))
            return given._replace(value={"worker": Given({})})
        roles = {}
        for name, role in given.value.items():
            if role.value is None:
                role = role._replace(value={})
            if isinstance(role.value, dict):
                role = self._said(role)
                role = self._section(role._replace(value={**common, **role.entries}))
            roles[name] = role
        return given._replace(value=roles)

    def _section(self, section: Given) -> Given:
        """What a job and a role have in common."""
        fields = dict(section.entries)
        for key in _FILLED_KEYS:
            if key in fields:
                fields[key] = self._params.fill(fields[key])
        for key in _TEXT_KEYS:
            if key in fields:
                fields[key] = fields[key].as_text()
        for key in _TEXT_TABLES:
            if key in fields:
                fields[key] = self._table(fields[key], fill=False)
        if "env" in fields:
            fields["env"] = self._table(fields["env"], fill=True)
        if "torch" in fields:
            fields["torch"] = self._said(fields["torch"])
        if "mpirun" in fields:
            fields["mpirun"] = self._words(fields["mpirun"])
        fields = spelled_out(fields)
        words: list[Given] = []
        if "run" in fields:
            fields["run"], words = self._run(fields["run"])
        args = self._words(fields["args"]) if "args" in fields else None
        if args is None:
            if "run" in fields:
                fields["args"] = Given(list(words), fields["run"].place)
        elif isinstance(args.value, list):
            fields["args"] = args._replace(value=[*words, *args.items])
        else:
            fields["args"] = args
        return section._replace(value=fields)

    def _table(self, table: Given, *, fill: bool) -> Given:
        """A mapping of names to texts."""
        entries = {}
        for name, given in table.entries.items():
            if given.value is None:
                message = 'has no value; write "" for an empty one'
                self._problems.append(Problem(given.place, message))
                given = literal("", given.place)
            text = given.as_text()
            entries[name] = self._params.fill(text, marked=self._marked) if fill else text
        return table._replace(value=entries) if isinstance(table.value, dict) else table

    def _words(self, given: Given, *, program: bool = False) -> Given:
        """`"--steps 10"` or a list, as a list of texts with their params filled in. program: the
        first one is what is run."""
        if isinstance(given.value, list):
            items = [one.as_text() for one in given.items]
        elif given.is_scalar:
            try:
                items = [literal(one, given.place) for one in shlex.split(given.text)]
            except ValueError as error:
                self._problems.append(Problem(given.place, f"{error}".lower()))
                items = []
        else:
            return given
        named = [self._marked and not (program and not at) for at in range(len(items))]
        filled = [self._params.fill(one, marked=is_) for one, is_ in zip(items, named, strict=True)]
        return given._replace(value=filled)

    def _run(self, given: Given) -> tuple[Given, list[Given]]:
        """`train.py --steps 10` as a script and its words, `-m mod` as a module, else a command."""
        if isinstance(given.value, dict):
            entries = {key: self._params.fill(one) for key, one in given.entries.items()}
            for key in ("script", "module"):
                if key in entries:
                    entries[key] = entries[key].as_text()
            if "command" in entries:
                entries["command"] = self._words(entries["command"], program=True)
            run = self._said(given._replace(value=entries))
            return self._tidy(run), []
        words = self._words(given, program=True)
        if not words.items:
            return words if words.value != [] else Given({"command": words}, given.place), []
        first, *rest = words.items
        if isinstance(first.value, str) and first.value.endswith(".py"):
            return self._tidy(Given({"script": first}, given.place)), rest
        if first.value == "-m" and rest:
            return Given({"module": rest[0]}, given.place), rest[1:]
        return Given({"command": words}, given.place), []

    def _tidy(self, run: Given) -> Given:
        """One spelling a script: `./train.py` is `train.py`."""
        script = run.entries.get("script")
        if script is None or not isinstance(script.value, str) or not script.value.strip():
            return run
        path = home(script.value)
        if ".." not in Path(path).parts:
            path = os.path.normpath(path)
        return run.having(script=script._replace(value=path))

    def _named(self, top: Given) -> Given:
        if "name" in top.entries:
            return top
        run = top.find(("run",)).plain()
        try:
            name = names.default_name(Run.model_validate(run))
        except ValueError:
            name = "job"
        return top.having(name=literal(name, top.place))

    def _paths(self, top: Given) -> Given:
        fields = dict(top.entries)
        fields.setdefault("workdir", literal(".", top.place))
        for key in ("workdir", "outputs", "python"):
            given = fields.get(key)
            if given is None or not isinstance(given.value, str) or not given.value.strip():
                continue
            if key != "python" or "/" in given.value:
                fields[key] = given._replace(value=absolute(given.value, self._base))
        return top._replace(value=fields)

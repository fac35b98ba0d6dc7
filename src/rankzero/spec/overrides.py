"""What the command line, or Python's keywords, say beside a job file or a script."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rankzero.spec import names
from rankzero.spec.given import Given, from_python, literal, word
from rankzero.spec.params import escape
from rankzero.spec.paths import absolute
from rankzero.spec.problems import Place, Problem, did_you_mean

ROLE_OPTIONS = frozenset(
    ("nodes", "nproc", "gpus", "cpu", "memory", "image", "shm", "user", "priority_class")
)
TORCH_OPTIONS = frozenset(("backend", "port", "timeout"))
PATH_OPTIONS = frozenset(("workdir", "outputs", "python"))
JOB_OPTIONS = frozenset(
    (
        *("name", "framework", "max_restarts", "wait", "grace", "log_keep", "spares", "collect"),
        *("log_volume", "output_volume", "mpirun", "registry"),
        *("queue", "service_account", "api", "self_heal", "isolate", "ttl", "keep_outputs", "pod"),
    )
)
#: Those that add to what the file says, and what one of them is called on the command line.
TABLE_OPTIONS = {"env": "env", "node_selector": "node-selector", "secrets": "secret"}
LIST_OPTIONS = {
    "tolerations": "toleration",
    "env_from": "env-from",
    "pull_secrets": "pull-secret",
}
VOLUMES = "volumes"
OPTIONS = (
    ROLE_OPTIONS
    | TORCH_OPTIONS
    | PATH_OPTIONS
    | JOB_OPTIONS
    | TABLE_OPTIONS.keys()
    | LIST_OPTIONS.keys()
    | {VOLUMES}
)


@dataclass(frozen=True)
class Overrides:
    """What wins over the job file.

    options: by their names in `OPTIONS`; a value that is None was not given. Those of a role
        (`nodes`, `gpus`, ...) address one as `worker=4`, also several times; without a role's
        name the job must have one role only. Relative paths are relative to the current folder.
    args: words added at the end of the job's args, never filled in.
    sets: `name=value`, for params. labels: added to the job's.
    dashes: options are named `--max-restarts` in errors; without, `max_restarts`.
    marked: args and env keep their params' names, for `params.unmarked`.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[str] = ()
    sets: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    dashes: bool = True
    marked: bool = False

    def place(self, name: str) -> Place:
        typed = {**TABLE_OPTIONS, **LIST_OPTIONS, VOLUMES: "volume"}.get(name, name)
        return Place(option="--" + typed.replace("_", "-") if self.dashes else name)


def apply(tree: Given, overrides: Overrides, problems: list[Problem]) -> Given:
    """The tree with the overrides in it, each with its own place."""
    unknown = overrides.options.keys() - OPTIONS
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    for name, value in overrides.options.items():
        if value is None:
            continue
        place = overrides.place(name)
        if name in ROLE_OPTIONS:
            tree = _role_option(tree, name, value, place, problems)
        elif name in TABLE_OPTIONS:
            tree = _table(tree, name, value, place, problems)
        elif name in LIST_OPTIONS:
            tree = _list(tree, name, value, place, problems)
        elif name == VOLUMES:
            tree = _volumes(tree, value, place, problems)
        elif name in TORCH_OPTIONS:
            torch = tree.entries.get("torch", Given({}, place))
            tree = tree.having(torch=torch.having(**{name: _given(value, place, problems)}))
        elif name in PATH_OPTIONS:
            tree = tree.having(**{name: _path(name, value, place)})
        else:
            tree = tree.having(**{name: _given(value, place, problems)})
    if overrides.labels:
        place = overrides.place("label")
        added = {key: literal(str(text), place) for key, text in overrides.labels.items()}
        tree = tree.having(labels=tree.entries.get("labels", Given({}, place)).having(**added))
    return tree


def _given(value: object, place: Place, problems: list[Problem]) -> Given:
    """An option's word means what the same word means in a job file; one that is given empty is
    an empty text, not left out."""
    if isinstance(value, str) and not value.strip():
        return literal(value, place)
    return word(value, place) if isinstance(value, str) else from_python(value, place, problems)


def _path(name: str, value: object, place: Place) -> Given:
    text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    bare = name == "python" and "/" not in text
    return literal(text if bare or not text.strip() else absolute(text, Path.cwd()), place)


def _table(tree: Given, name: str, value: object, place: Place, problems: list[Problem]) -> Given:
    """A mapping's entries, beside the file's; what is typed is never filled in."""
    table = tree.entries.get(name, Given({}, place))
    for key, one in (value if isinstance(value, Mapping) else {}).items():
        given = from_python(one, place, problems)
        if name == "env":
            text = escape(given.text)
            given = given._replace(value=text, text=text)
        table = table.having(**{str(key): given})
    return tree.having(**{name: table})


def _list(tree: Given, name: str, value: object, place: Place, problems: list[Problem]) -> Given:
    """A list's elements, behind the file's."""
    said = tree.entries.get(name, Given([], place))
    before = said.items if isinstance(said.value, list) else [said]
    more = from_python(value, place, problems)
    added = more.items if isinstance(more.value, list) else [more]
    return tree.having(**{name: said._replace(value=[*before, *added])})


def _volumes(tree: Given, value: object, place: Place, problems: list[Problem]) -> Given:
    """A mapping as in a job file, or `SOURCE:PATH` texts, whose volumes are named by their
    sources."""
    if isinstance(value, Mapping):
        return _table(tree, VOLUMES, value, place, problems)
    for one in value if isinstance(value, (list, tuple)) else [value]:
        given = from_python(one, place, problems)
        taken = tree.entries.get(VOLUMES, Given({}, place)).entries
        source = names.valid(given.text.partition(":")[0], otherwise="volume")
        wanted = (source, *(f"{source}-{number}" for number in range(2, len(taken) + 2)))
        name = next(name for name in wanted if name not in taken)
        tree = _table(tree, VOLUMES, {name: one}, place, problems)
    return tree


def _role_option(
    tree: Given, name: str, value: object, place: Place, problems: list[Problem]
) -> Given:
    table = _roles(tree)
    roles = ["worker"] if table is None else list(table.entries)
    for role, one in _addressed(value):
        if role is None and len(roles) > 1:
            example = f"{roles[-1]}={one}"
            message = f"this job has the roles {', '.join(roles)}: say which, such as {example}"
            problems.append(Problem(place, message))
        elif role is not None and role not in roles:
            message = f"no role is called {role}{did_you_mean(role, roles)}"
            problems.append(Problem(place, message))
        elif table is None:
            tree = tree.having(**{name: _given(one, place, problems)})
        elif roles:
            tree = _in_role(tree, role or roles[0], name, _given(one, place, problems))
    return tree


def _roles(tree: Given) -> Given | None:
    """The job's roles; None where it leaves them out and so has `worker` alone."""
    table = tree.entries.get("roles")
    return None if table is None or table.value is None else table


def _in_role(tree: Given, role: str, name: str, value: Given) -> Given:
    table = tree.entries["roles"]
    changed = table.entries[role].having(**{name: value})
    return tree.having(roles=table.having(**{role: changed}))


def _addressed(value: object) -> Iterable[tuple[str | None, object]]:
    """Pairs of a role, None where none was named, and what is said for it."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _addressed(one)
    elif isinstance(value, str) and "=" in value:
        for part in value.split(","):
            role, equals, one = part.partition("=")
            # `amd.com/gpu=2` names what the cluster calls a GPU: no role's name has a `/`.
            yield (role.strip(), one) if equals and "/" not in role else (None, part)
    else:
        yield None, value


def added_args(tree: Given, overrides: Overrides, problems: list[Problem]) -> list[Given]:
    """The words to add to the job's args; a problem where no role would take them."""
    if not overrides.args:
        return []
    place = Place(option="--" if overrides.dashes else "args")
    table = _roles(tree)
    roles = table.entries if table else {}
    own = [name for name, role in roles.items() if role.entries.keys() & {"run", "args"}]
    if roles and len(own) == len(roles):
        message = f"every role ({', '.join(own)}) has args of its own; change them in the job file"
        problems.append(Problem(place, message))
    return [literal(one, place) for one in overrides.args]

"""The one way to a job: from a file, from Python or from options, through the same steps."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankzero.spec import checks, coherence
from rankzero.spec.beneath import beneath
from rankzero.spec.friendly import Expansion
from rankzero.spec.given import Given, from_python
from rankzero.spec.model import Job
from rankzero.spec.overrides import Overrides, added_args, apply
from rankzero.spec.params import Params
from rankzero.spec.problems import Place, Problem, SpecError
from rankzero.spec.validate import validated

_FILE_KEYS = ("run", "workdir", "outputs", "python")


#: Nothing is said beneath a job.
_NOTHING = Given({})


def load(
    path: str | os.PathLike[str],
    *,
    overrides: Overrides | None = None,
    defaults: Given = _NOTHING,
) -> Job:
    """The job in a YAML or JSON file. Its paths are relative to its folder.

    defaults: a mapping of a job file's form, weaker than the file; its paths are absolute.
    Errors: SpecError, with every problem and its line.
    """
    name = os.fsdecode(path)
    problems: list[Problem] = []
    from rankzero.spec import reading  # with yaml, which costs a script without a job file 12 ms

    tree = reading.read_text(reading.read_file(name), name, problems)
    tree = beneath(tree, defaults)
    return _job(tree, Path(name).absolute().parent, overrides or Overrides(), problems)


def build(
    mapping: Mapping[str, Any],
    *,
    source: str = "",
    base: str | os.PathLike[str] | None = None,
    overrides: Overrides | None = None,
    defaults: Given = _NOTHING,
) -> Job:
    """The job in plain data that has a job file's form. Its paths are relative to `base`, which
    is the current folder unless given. `source` names the data in errors. defaults: as for `load`.

    Errors: SpecError, with every problem.
    """
    problems: list[Problem] = []
    tree = beneath(from_python(mapping, Place(source), problems), defaults)
    return _job(tree, Path(base or ".").absolute(), overrides or Overrides(), problems)


def again(kept: Mapping[str, Any]) -> Job:
    """The job that `Job.to_json` gave, its files looked at as they are now.

    Errors: SpecError for files that have gone or broken since, ValueError where the data is
    another version's.
    """
    job = Job.model_validate_json(json.dumps(dict(kept)))
    problems = checks.check(job, Given({}))
    if problems:
        raise SpecError(problems)
    return job


def from_tree(tree: Given, base: Path, overrides: Overrides, *, defaults: Given = _NOTHING) -> Job:
    """The job in a part of a larger tree, such as a step of a pipeline. Errors: SpecError."""
    return _job(beneath(tree, defaults), base, overrides, [])


def well_formed(text: str, source: str) -> Job:
    """The job in a text, without a look at the files that it names: they may be elsewhere.

    Errors: SpecError, with every problem.
    """
    problems: list[Problem] = []
    from rankzero.spec import reading

    tree = reading.read_text(text, source, problems)
    return _job(tree, Path("/"), Overrides(), problems, look=False)


def _job(
    tree: Given, base: Path, overrides: Overrides, problems: list[Problem], *, look: bool = True
) -> Job:
    tree = apply(tree, overrides, problems)
    declared = tree.entries.get("params", Given(None, tree.place))
    params = Params(declared, overrides.sets, problems)
    more = added_args(tree, overrides, problems)
    full = Expansion(params, base, problems, marked=overrides.marked).job(tree, more)
    job = validated(full, problems)
    checked = job or validated(_files_only(full), [])
    if checked is not None:
        problems += checks.check(checked, full, look=look)
    if job is not None:
        problems += [
            Problem(full.find(path).place, message) for path, message in coherence.check(job)
        ]
    if job is None or problems:
        raise SpecError(problems)
    return job


def _files_only(tree: Given) -> Given:
    """The part of a job that names files, made valid otherwise: what is wrong elsewhere must not
    hide that the script is missing until the next try."""
    kept = {key: tree.entries[key] for key in _FILE_KEYS if key in tree.entries}
    whole = {"name": Given("any"), "roles": Given({"worker": Given({})})}
    return tree._replace(value={**kept, **whole})

"""Whatever comes in: a job file that is one, or an error that a user can read."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from rankzero import importing, spec
from rankzero.errors import BadRequest

SOURCES = [
    list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    for path in sorted((Path(__file__).parent / "sources").glob("*.yaml"))
]
#: What stands in sources where something else is meant.
SCALARS = st.sampled_from(
    [None, True, -1, 0, 1, 3.5, 10**30, "", "-1", "a b", "${x}", "$(y)", "$${", "/", "5Gi", "gpu"]
) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
WORDS = st.sampled_from(
    [
        *("--nnodes", "--nproc-per-node", "2", "1:3", "--max-restarts", "-m", "--no-python", "--"),
        *("-np", "-N", "-H", "a:2,b:2", "a", "--map-by", "ppr:2:node", "-x", "A=1", "-env", ":"),
        *("--rdzv-conf", "join_timeout=3,a", "--role", "--master-port", "train.py", "./x", "=", ""),
        *("--nnodes=", "-hosts", "localhost", "-mca", "--use-env", "python", "~/a.py", "${x}"),
    ]
) | st.text(max_size=6)
LAUNCHERS = st.sampled_from(
    [["torchrun"], ["python", "-m", "torch.distributed.launch"], ["mpirun"], ["env", "A="], []]
)


def comes_out(make) -> None:
    try:
        made = make()
    except BadRequest as error:
        assert str(error).strip()
    else:
        spec.well_formed(made.text, "job.yaml")
        assert yaml.safe_load(made.text) is not None
        for note in made.notes:
            assert note.what
            assert note.instead
        assert made.to_json()


@given(LAUNCHERS, st.lists(WORDS, max_size=8))
def test_any_line(launcher, words):
    comes_out(lambda: importing.from_words([*launcher, *words]))


@given(st.text(max_size=40) | VALUES.map(lambda value: yaml.safe_dump(value)))
def test_any_text(text):
    comes_out(lambda: importing.from_text(text, "source.yaml"))


@given(st.data())
def test_any_source_with_something_else_in_it(data):
    """A few values of a good source are replaced, or gone, or stand under another key."""
    documents = copy.deepcopy(data.draw(st.sampled_from(SOURCES)))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(list(steps(documents)) or [([None], 0)]))
        what = data.draw(st.sampled_from(["replace", "replace", "remove", "rename"]))
        if what == "replace":
            holder[key] = data.draw(VALUES)
        elif what == "remove":
            del holder[key]
        elif isinstance(holder, dict):
            holder[data.draw(st.text(max_size=6))] = holder.pop(key)
    text = yaml.safe_dump_all(documents)
    run = data.draw(st.none() | st.sampled_from(["train.py", "", "-m a", "${x}", "'"]))
    comes_out(lambda: importing.from_text(text, "source.yaml", run))


def steps(value):
    """Each (mapping or list, key) in a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from steps(inner)

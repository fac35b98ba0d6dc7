"""What is wrong with a configuration: all of it at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.config import read
from rankzero.spec import from_target
from rankzero.spec.problems import SpecError

BACKENDS = ("local", "kubernetes")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(here: Path, text: str | bytes, name: str = "rankzero.toml") -> list[str]:
    (here / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SpecError) as caught:
        read(BACKENDS)
    return [str(problem) for problem in caught.value.problems]


WRONG = [
    ('on = "teama"', ":1: on: there is no backend or profile teama; known: local, kubernetes"),
    ('on = ""', ':1: on: must be text that is not empty; got ""'),
    ("on = 3", ":1: on: must be text that is not empty; got 3"),
    ("\n\nonn = 3", ':3: onn: unknown key; did you mean "on"?'),
    ("profiles = 3", ":1: profiles: must be a table; got 3"),
    ("[profiles]\na = 3", ":2: profiles.a: must be a table; got 3"),
    ("[profiles.local]", ":1: profiles.local: a profile cannot be called local"),
    ('[profiles."a b"]', ":1: profiles.a b: a profile's name is letters, digits"),
    ('[profiles.a]\nbackend = "k8s"', ":2: profiles.a.backend: must be local or kubernetes"),
    ('[profiles.a]\nbackend = "local"\nimage = "x"', ":3: profiles.a.image: has no meaning"),
    ('[profiles.a]\nnamespace = "A"', ":2: profiles.a.namespace: must be at most 63 lower-case"),
    ('[profiles.a]\npassword = "r"', ":2: profiles.a.password: unknown key"),
    ("[profiles.a]\nregistry = 3", ":2: profiles.a.registry: must be text that is not empty"),
    ('[profiles.a]\nbackend = "local"\nregistry = "x"', ":3: profiles.a.registry: has no meaning"),
    ('[profiles.a]\nregistry = "x"\ndefaults.registry = "y"', ":2: profiles.a.registry: is said"),
    (
        "[profiles.a]\nnamespce = 1",
        ':2: profiles.a.namespce: unknown key; did you mean "namespace"',
    ),
    ('[profiles.a]\nimage = "x"\ndefaults.image = "y"', ":2: profiles.a.image: is said in the"),
    ('[defaults]\nrun = "train.py"', ":2: defaults.run: belongs to one job"),
    ("[defaults]\nroles = {}", ":2: defaults.roles: belongs to one job"),
    ("[profiles.a.defaults]\n\nname = 1", ":3: profiles.a.defaults.name: belongs to one job"),
    ("[[defaults]]", ":1: defaults: must be a table; got a list"),
    ("[defaults]\nwait = 2026-01-01", ": defaults.wait: a value of type date has no meaning here"),
    ("a = [1\nb = 2", ":2: is not TOML: "),
    ("a =", ":1: is not TOML: "),
    (b"a = '\xff'", ": is not UTF-8 text; save it as UTF-8"),
    ("a = 1\na = 2", ":2: is not TOML: cannot overwrite a value"),
    ("#" * (1 << 20) + "\n", ": is larger than 1 MiB"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=range(len(WRONG)))
def test_one_problem(here: Path, text: str | bytes, said: str) -> None:
    (found,) = problems(here, text)
    assert found.startswith("rankzero.toml" + said), found


def test_all_problems_at_once_with_their_lines(here: Path) -> None:
    text = '''
[build-system]
requires = [
  "hatchling",
]
[tool.other]
text = """
[tool.rankzero.not-a-header]
"""
[tool.rankzero]
on = "nowhere-at-all"
[tool.rankzero.profiles.a]
context = [
  1,
]
more = 1
  [tool.rankzero.profiles.a.defaults]
  args = ["x",
    "y"]
'''
    assert problems(here, text, "pyproject.toml") == [
        "pyproject.toml:11: on: there is no backend or profile nowhere-at-all; "
        "known: local, kubernetes, a",
        "pyproject.toml:13: profiles.a.context: must be text that is not empty; got a list",
        "pyproject.toml:16: profiles.a.more: unknown key; "
        "known: backend, context, namespace, image, registry, defaults",
        "pyproject.toml:18: profiles.a.defaults.args: belongs to one job: "
        "write it into its job file",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tool]\nrankzero = 5\n", ":2: tool.rankzero: must be a table; got 5"),
        ("[[tool.rankzero]]\n", ":1: tool.rankzero: must be a table; got a list"),
        ("tool.rankzero = 'x'\n", ':1: tool.rankzero: must be a table; got "x"'),
        ("\n[[tool]]\nname = 'tool.rankzero'\n", ":2: tool: must be a table; got a list"),
    ],
)
def test_our_table_is_a_table(here: Path, text: str, problem: str) -> None:
    assert problems(here, text, "pyproject.toml") == [f"pyproject.toml{problem}"]


def test_an_unreadable_file_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (here / "rankzero.toml").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SpecError, match=r"rankzero.toml: cannot be read: Permission denied"):
        read(BACKENDS)


# -- defaults in jobs


def defaults(here: Path, text: str) -> None:
    (here / "rankzero.toml").write_text(text)
    (here / "train.py").write_text("")


def test_a_default_is_weaker_than_the_job_file_and_the_command_line(here: Path) -> None:
    defaults(here, '[defaults]\ngpus = 1\nmax_restarts = 1\nlabels = {a = "d", b = "d", c = "d"}')
    (here / "job.yaml").write_text(
        "run: train.py\nmax_restarts: 2\nlabels: {b: file, c: file}\n"
        "roles: {ps: {gpus: 0}, worker: {}}\n"
    )
    weaker = read(BACKENDS).defaults_at("local")
    job = from_target("job.yaml", defaults=weaker, labels={"c": "option"})
    assert job.max_restarts == 2
    assert job.labels == {"a": "d", "b": "file", "c": "option"}
    assert [role.gpus for role in job.roles.values()] == [0, 1]
    script = from_target("train.py", defaults=weaker, options={"gpus": "4"})
    assert (script.max_restarts, script.roles["worker"].gpus) == (1, 4)


def test_a_wrong_default_is_told_where_it_was_said(here: Path) -> None:
    defaults(here, '[defaults]\nmax_restart = 1\n[profiles.a.defaults]\ncpu = "many"')
    with pytest.raises(SpecError) as caught:
        from_target("train.py", defaults=read(BACKENDS).defaults_at("a"), options={"nodes": 0})
    assert [str(problem).partition(";")[0] for problem in caught.value.problems] == [
        "rankzero.toml:2: defaults.max_restart: unknown key",
        "rankzero.toml:4: profiles.a.defaults.cpu: must be a number of processors above 0, "
        'such as 2, 0.5 or "500m"',
        '--nodes: must be a number of nodes, at least 1, or a range such as "1:4"',
    ]

"""Requests that cannot work: a clear error before anything is created."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.home import Home, Said

WRONG = [
    (["run", "missing.py"], "missing.py"),
    (["run", "folder"], "folder"),
    (["run", "syntax.py"], "syntax.py:2"),
    (["run", "fine.py", "--nodes", "0"], "--nodes"),
    (["run", "fine.py", "--nproc", "-1"], "--nproc"),
    (["run", "fine.py", "--nodes", "3:2"], "--nodes"),
    (["run", "fine.py", "--nodes", "two"], "two"),
    (["run", "fine.py", "--framework", "pytorhc"], "pytorhc"),
    (["run", "fine.py", "--name", "a/b"], "a/b"),
    (["run", "fine.py", "--name", "../../etc"], "../../etc"),
    (["run", "fine.py", "--name", ""], "name"),
    (["run", "fine.py", "--max-restarts", "-1"], "--max-restarts"),
    (["run", "fine.py", "--grace", "soon"], "soon"),
    (["run", "fine.py", "--log-keep", "5 Gigs"], "5 Gigs"),
    (["run", "fine.py", "--port", "99999"], "99999"),
    (["run", "fine.py", "--env", "NO_VALUE"], "NO_VALUE"),
    (["run", "fine.py", "--workdir", "nowhere"], "nowhere"),
    (["run", "fine.py", "--on", "mars"], "mars"),
    (["run", "fine.py", "--set", "lr=1"], "lr"),
    (["run"], "what to run"),
    (["run", "tabs.yaml"], "tabs.yaml:2"),
    (["run", "twice.yaml"], "twice.yaml:3"),
    (["run", "types.yaml"], "types.yaml:3"),
    (["run", "roles.yaml"], "64"),
    (["run", "empty.yaml"], "empty.yaml"),
    (["run", "binary.yaml"], "binary.yaml"),
    (["run", "unknown.yaml"], "workr"),
]
FILES = {
    "fine.py": "print('ran')\n",
    "syntax.py": "x = 1\ndef broken(:\n",
    "tabs.yaml": "run: fine.py\n\tnodes: 2\n",
    "twice.yaml": "run: fine.py\nnodes: 2\nnodes: 3\n",
    "types.yaml": "run: fine.py\nname: x\nnodes: {a: [1, 2]}\n",
    "roles.yaml": "run: fine.py\nroles:\n" + "".join(f"  r{i}: {{nodes: 1}}\n" for i in range(10_000)),
    "empty.yaml": "",
    "unknown.yaml": "run: fine.py\nroles:\n  worker: {nodes: 1}\nworkr: 3\n",
}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with files to ask for; none of the requests may create anything in it."""
    home = Home(tmp_path_factory.mktemp("requests"))
    for name, text in FILES.items():
        home.script(text, name)
    (home.work / "binary.yaml").write_bytes(bytes(range(256)))
    (home.work / "folder").mkdir()
    return home


@pytest.mark.parametrize(("argv", "word"), WRONG, ids=[" ".join(argv) for argv, _ in WRONG])
def test_a_wrong_request_names_what_is_wrong(asking: Home, argv: list[str], word: str) -> None:
    said = asking.call(*argv)

    assert said.code == 2, said
    assert word in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert not asking.runs.path.exists()


def refused(said: Said, *words: str) -> None:
    """The environment said no, clearly, and nothing was started."""
    assert said.code == 3, said
    for word in words:
        assert word in said.err
    assert "Traceback" not in said.err


def test_a_port_in_use(home: Home) -> None:
    script = home.script("print('ran')")
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(home.call("run", script, "--framework", "torch", "--port", port), port, "in use")
    assert list(home.runs) == []


def test_a_port_taken_between_the_plan_and_the_start_fails_with_its_cause(home: Home) -> None:
    """Two runs with the same fixed port: the later one is told, the earlier one goes on."""
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    script = home.script("import time\nprint('up', flush=True)\ntime.sleep(300)\n")
    options = ["--framework", "torch", "--port", port]
    first = home.start("run", script, *options)
    first.until_said("up")

    refused(home.call("run", script, *options), port)
    assert home.only().history().state == ev.RUNNING_STATE


@pytest.mark.parametrize("outputs", ["fine.py/below", "/proc/nowhere", "/dev/null"])
def test_outputs_that_cannot_be_written(home: Home, outputs: str) -> None:
    script = home.script("print('ran')", "fine.py")

    refused(home.call("run", script, "--outputs", outputs), "outputs")
    assert list(home.runs) == []


def as_nobody(argv: list[str], home: Home) -> Said:
    """A command of a user without rights."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    done = subprocess.run(
        argv,
        env={**home.env, "HOME": "/"},
        cwd="/",
        capture_output=True,
        text=True,
        user=65534,
        group=65534,
        extra_groups=[],
        check=False,
    )
    if "No module named" in done.stderr or "Permission denied: '/root" in done.stderr:
        pytest.skip("another user cannot read this interpreter")
    return Said(done.returncode, done.stdout, done.stderr)


def test_a_state_folder_that_is_not_ours(home: Home) -> None:
    script = home.script("print('ran')")
    home.state.chmod(0o700)
    folder = Path(script).parent
    for path in (folder, *folder.parents):
        if path != Path("/tmp") and path.owner() == "root" and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    said = as_nobody([sys.executable, "-m", "rankzero", "run", script], home)

    refused(said, str(home.state))


def test_a_backend_that_this_torch_lacks_is_refused_before_the_start(home: Home) -> None:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        pytest.skip("there is no torch here")
    script = home.script("print('ran')")

    said = home.call("run", script, "--framework", "torch", "--backend", "mpi", "--nodes", "2")

    assert said.code in (1, 3), said
    assert "no backend mpi" in said.err
    assert "gloo" in said.err, "it says what there is"
    assert "ran" not in said.out
    home.nothing_left()


def test_an_interpreter_that_does_not_exist(home: Home) -> None:
    said = home.call("run", home.script("print('ran')"), "--python", "/nowhere/python3")

    refused(said, "/nowhere/python3")


def test_a_workdir_that_goes_before_the_start(home: Home) -> None:
    (home.work / "soon gone").mkdir()
    text = "import os\nos.rmdir('soon gone')\nprint('went')\n"
    said = home.call("run", home.script(text), "--workdir", str(home.work))
    assert said.code == 0

    said = home.call("run", home.script("print('ran')"), "--workdir", str(home.work / "soon gone"))
    assert said.code == 2
    assert "soon gone" in said.err


def test_arguments_pass_unharmed(home: Home) -> None:
    words = ["--x", "a b", "", "$HOME", "`id`", "; rm -rf /", "é", "-n", "--", "${lr}", "\n"]
    script = home.script("import sys\nprint(ascii(sys.argv[1:]))")

    said = home.call("run", script, "--", *words)

    assert eval(said.out.partition("] ")[2]) == words

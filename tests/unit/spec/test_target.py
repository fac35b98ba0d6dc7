"""The command line's way to a job, and what it says beside a job file."""

from pathlib import Path

import pytest

from rankzero import spec
from rankzero.spec.model import Role, Run
from rankzero.spec.params import unmarked

TWO_ROLES = "run: train.py\nroles:\n  ps: {nodes: 2}\n  worker:\n"


def faults(*args, **kwargs) -> list[str]:
    with pytest.raises(spec.SpecError) as caught:
        spec.from_target(*args, **kwargs)
    return [str(problem) for problem in caught.value.problems]


def test_all_three_ways_give_the_same_job(folder):
    (folder / "job.yaml").write_text(
        "run: train.py --epochs 3\nname: digits\nnodes: '1:4'\nnproc: 2\ncpu: 500m\n"
        "memory: 2Gi\ngpus: 1\nframework: torch\ntorch: {backend: gloo, port: 2950, timeout: 5m}\n"
        "max_restarts: 3\noutputs: out\npython: ./python\nwait: 1m\ngrace: 5\nenv: {A: '1'}\n"
        "labels: {team: a}\nimage: i:1\nlog_keep: 1Mi\n"
    )
    words = {
        "name": "digits",
        "nodes": "1:4",
        "nproc": "2",
        "cpu": "500m",
        "memory": "2Gi",
        "gpus": "1",
        "framework": "torch",
        "backend": "gloo",
        "port": "2950",
        "timeout": "5m",
        "max_restarts": "3",
        "outputs": "out",
        "python": "./python",
        "wait": "1m",
        "grace": "5",
        "env": {"A": "1"},
        "image": "i:1",
        "log_keep": "1Mi",
        "workdir": None,
    }
    from_words = spec.from_target(
        "train.py", args=("--epochs", "3"), options=words, labels={"team": "a"}
    )
    values = dict(
        words, nproc=2, gpus=1, cpu=0.5, port=2950, timeout=300, max_restarts=3, grace=5.0
    )
    from_values = spec.from_target(
        "train.py",
        args=["--epochs", "3"],
        options=values,
        labels={"team": "a"},
        dashes=False,
    )
    from_mapping = spec.build(
        {
            "run": {"script": Path("train.py")},
            "args": ["--epochs", 3],
            "nodes": "1:4",
            **{k: values[k] for k in ("name", "nproc", "cpu", "memory", "gpus", "framework")},
            **{k: values[k] for k in ("max_restarts", "outputs", "python", "wait", "grace")},
            **{k: values[k] for k in ("env", "image", "log_keep")},
            "torch": {"backend": "gloo", "port": 2950, "timeout": 300},
            "labels": {"team": "a"},
        }
    )
    assert spec.load("job.yaml") == from_words == from_values == from_mapping


def test_a_module_and_a_command(folder):
    assert spec.from_target(module="lab.fit", args=("x",)).run == Run(module="lab.fit")
    job = spec.from_target(command=("echo", "${x}"), args=("y",))
    assert (job.run, job.args) == (Run(command=("echo", "${x}")), ("y",))


def test_words_of_the_command_line_are_never_changed(folder):
    (folder / "a b é.py").write_text("")
    job = spec.from_target(
        "a b é.py", args=("${HOME}", "$${x}", "yes", " "), options={"env": {"A": "${x}"}}
    )
    assert job.run.script == "a b é.py"
    assert job.args == ("${HOME}", "$${x}", "yes", " ")
    assert job.env == {"A": "${x}"}


def test_options_win_over_the_file_and_args_follow_its_own(load):
    job = load(
        "run: train.py --a\nname: x\ntorch: {port: 1}\nenv: {A: a, B: b}\nlabels: {k: a}\n"
        "nodes: 1\n",
        options={"name": "y", "port": "2", "env": {"A": "z"}, "nodes": "3"},
        args=("--b",),
        labels={"k": "b"},
    )
    assert (job.name, job.torch.port, job.args) == ("y", 2, ("--a", "--b"))
    assert (job.env, job.labels) == ({"A": "z", "B": "b"}, {"k": "b"})
    assert job.roles["worker"].nodes.maximum == 3


def test_an_option_for_one_of_several_roles_names_it(load):
    for value in ("worker=4", ["worker=4"], {"worker": 4}):
        job = load(TWO_ROLES, options={"nodes": value})
        assert [role.nodes.maximum for role in job.roles.values()] == [2, 4]
    job = load(TWO_ROLES, options={"nodes": "ps=1,worker=3", "nproc": ["worker=gpu"]})
    assert [role.nodes.maximum for role in job.roles.values()] == [1, 3]
    assert job.roles["worker"].nproc == "gpu"


def test_an_option_without_a_role_among_several_is_asked_back(load, folder):
    with pytest.raises(spec.SpecError) as caught:
        load(TWO_ROLES, options={"nodes": "4", "gpus": "wroker=1"})
    assert [str(problem) for problem in caught.value.problems] == [
        "--nodes: this job has the roles ps, worker: say which, such as worker=4",
        '--gpus: no role is called wroker; did you mean "worker"?',
    ]


def test_an_option_for_the_only_role_needs_no_name(load):
    assert load("run: train.py\nroles: {a: }\n", options={"nodes": "2"}).roles == {
        "a": Role(nodes="2")
    }
    assert (
        load("run: train.py\nroles:\n", options={"nodes": "2"}).roles["worker"].nodes.maximum == 2
    )


def test_args_that_no_role_would_take(load):
    with pytest.raises(spec.SpecError, match=r"every role .a. has args of its own"):
        load("run: train.py\nroles: {a: {args: [x]}}\n", args=("y",))


def test_paths_of_options_belong_to_the_current_folder(folder, monkeypatch):
    (folder / "lab").mkdir()
    (folder / "lab" / "job.yaml").write_text("run: train.py\noutputs: a\n")
    options = {"workdir": ".", "outputs": "b", "python": "c/python"}
    job = spec.from_target("lab/job.yaml", options=options)
    assert (job.workdir, job.outputs) == (str(folder), str(folder / "b"))
    assert job.python == str(folder / "c/python")
    assert spec.from_target("train.py", options={"python": "python3"}).python == "python3"


@pytest.mark.parametrize(
    ("option", "value", "fault"),
    [
        (
            "nodes",
            "0",
            '--nodes: must be a number of nodes, at least 1, or a range such as "1:4"; got 0',
        ),
        ("nodes", "4:2", "--nodes: must have its minimum first: 2:4"),
        ("nproc", "-1", '--nproc: must be at least 1, "gpu" or "cpu"; got -1'),
        ("framework", "pytorch", 'did you mean "torch"?'),
        ("name", "a/b", '"a-b" would do; got "a/b"'),
        ("port", "70000", "--port: must be a port, 1 to 65535; got 70000"),
        (
            "max_restarts",
            "99999999",
            "--max-restarts: must be a whole number, 0 to 1,000,000; got 99999999",
        ),
        ("max_restarts", "x", '--max-restarts: must be a whole number, 0 to 1,000,000; got "x"'),
        ("workdir", "nowhere", "--workdir: there is no folder"),
        ("outputs", "train.py", "is not a folder"),
        ("outputs", "train.py/x", "train.py is not a folder"),
        ("env", {"A": "a\0"}, "--env: must not hold a NUL"),
        ("env", {"": "x"}, "--env: a variable's name"),
        ("memory", "5 Gigs", "--memory: is not a quantity; write 5Gi"),
    ],
)
def test_a_wrong_option_is_named(folder, option, value, fault):
    found = faults("train.py", options={option: value})
    assert len(found) == 1
    assert found[0].startswith("--" + option.replace("_", "-"))
    assert fault in found[0]


def test_an_option_without_a_value_says_nothing(folder):
    job = spec.from_target("train.py", options={"timeout": None, "nodes": None, "env": {}})
    assert (job.torch.timeout, job.roles["worker"]) == (None, Role())


def test_an_option_given_empty_is_an_empty_text_and_no_silence(folder):
    """As from an unset variable of a shell: `--timeout "$TIMEOUT"`."""
    for name in ("name", "timeout"):
        (fault,) = faults("train.py", options={name: ""})
        assert fault.startswith(f"--{name}: must be")


def test_python_says_its_keywords(folder):
    assert faults("train.py", options={"max_restarts": -1}, dashes=False) == [
        "max_restarts: must be a whole number, 0 to 1,000,000; got -1"
    ]
    assert faults("train.py", options={"nodes": object()}, dashes=False) == [
        "nodes: a value of type object has no meaning here"
    ]


def test_a_bad_label(folder):
    assert faults("train.py", labels={"a b": "c"})[0].startswith("--label: a label's key is")


def test_problems_of_file_and_options_come_together(load):
    with pytest.raises(spec.SpecError) as caught:
        load("run: train.py\nnproc: 0\n", options={"port": "0"})
    assert str(caught.value).splitlines() == [
        "the request has 2 problems; nothing was started.",
        '  job.yaml:2: nproc: must be at least 1, "gpu" or "cpu"; got 0',
        "  --port: must be a port, 1 to 65535; got 0",
    ]


@pytest.mark.parametrize("kwargs", [{}, {"module": "m", "command": ("a",)}])
def test_one_thing_to_run(folder, kwargs):
    assert faults(**kwargs)[0].startswith("say ")


def test_an_option_that_does_not_exist_is_the_callers_mistake(folder):
    with pytest.raises(TypeError, match="no such option: nodse"):
        spec.from_target("train.py", options={"nodse": 1})


def test_python_data_that_means_nothing(folder):
    with pytest.raises(spec.SpecError) as caught:
        spec.build({"run": "train.py", "args": [object()], "env": {"A": b"x"}})
    assert [str(problem) for problem in caught.value.problems][:2] == [
        "args[0]: a value of type object has no meaning here",
        "env.A: a value of type bytes has no meaning here",
    ]
    nested: dict = {}
    nested["a"] = nested
    with pytest.raises(spec.SpecError, match="nested too deeply"):
        spec.build({"run": "train.py", "env": nested})
    with pytest.raises(spec.SpecError, match="valid Unicode"):
        spec.build({"run": "train.py", "args": ["\ud800"]})
    with pytest.raises(spec.SpecError, match="valid Unicode"):
        spec.build({"run": "train.py", "params": {"x": "\udcff"}})


def test_args_and_env_can_keep_the_names_of_their_params(tmp_path):
    (tmp_path / "train.py").touch()
    (tmp_path / "job.yaml").write_text(
        'run: train.py --lr ${lr}\nargs: ["x${n}", "$${n}"]\nenv: {A: "${lr}"}\n'
        "nodes: ${n}\nparams: {lr: 0.1, n: 2}\n"
    )
    job = spec.from_target(str(tmp_path / "job.yaml"), args=["${n}"], sets=["lr=0.5"], marked=True)
    assert job.roles["worker"].nodes.maximum == 2 and job.run.script == "train.py"
    values = {name: f"<{param.value}>" for name, param in job.params.items()}
    said = [unmarked(word, values.__getitem__) for word in (*job.args, job.env["A"])]
    assert said == ["--lr", "<0.5>", "x<2>", "${n}", "${n}", "<0.5>"]
    assert unmarked("plain", values.__getitem__) == "plain"

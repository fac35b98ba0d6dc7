"""What a job file says, and what becomes of it."""

import json

import pytest

from rankzero import spec
from rankzero.spec.model import Job, NodeRange, Role, Run, Torch

EXAMPLE = """\
name: mnist-ps
framework: tensorflow
run: train.py --steps 10000
roles:
  ps:     {nodes: 2, cpu: 1}
  worker: {nodes: "1:2", cpu: 500m, gpus: 1, memory: 4Gi}
"""


def test_the_example(load, folder):
    job = load(EXAMPLE)
    assert job == Job(
        name="mnist-ps",
        framework="tensorflow",
        run=Run(script="train.py"),
        args=("--steps", "10000"),
        roles={
            "ps": Role(nodes=NodeRange(minimum=2, maximum=2), cpu=1.0),
            "worker": Role(nodes=NodeRange(minimum=1, maximum=2), cpu=0.5, gpus=1, memory="4Gi"),
        },
        workdir=str(folder),
    )


def test_the_least(load, folder):
    job = load("run: train.py\n")
    assert job.name == "train"
    assert job.roles == {"worker": Role()}
    assert job.workdir == str(folder)


@pytest.mark.parametrize(
    ("run", "expected", "args"),
    [
        ("train.py --a 'b c'", Run(script="train.py"), ("--a", "b c")),
        (
            "[train.py, --steps, 10, --lr, 1e-3]",
            Run(script="train.py"),
            ("--steps", "10", "--lr", "1e-3"),
        ),
        ("./train.py", Run(script="train.py"), ()),
        ("-m lab.digits --x", Run(module="lab.digits"), ("--x",)),
        ("python train.py --x", Run(command=("python", "train.py", "--x")), ()),
        ("[mpirun, a b]", Run(command=("mpirun", "a b")), ()),
        ("{script: train.py}", Run(script="train.py"), ()),
        ("{module: lab}", Run(module="lab"), ()),
        ("{command: echo hi}", Run(command=("echo", "hi")), ()),
        ("{command: [echo, 1]}", Run(command=("echo", "1")), ()),
    ],
)
def test_what_to_run(load, run, expected, args):
    job = load(f"run: {run}\n")
    assert (job.run, job.args) == (expected, args)


def test_args_follow_the_words_of_run(load):
    assert load("run: train.py a\nargs: [b, 2, true]\n").args == ("a", "b", "2", "true")
    assert load("run: train.py\nargs: \"x 'y z'\"\n").args == ("x", "y z")


def test_what_stands_at_the_top_holds_for_each_role_that_does_not_say_it(load):
    job = load("run: train.py\nnodes: 2\nimage: a:1\nroles:\n  ps: {nodes: 1}\n  worker:\n")
    assert job.roles["ps"].nodes.maximum == 1
    assert job.roles["worker"].nodes.maximum == 2
    assert {role.image for role in job.roles.values()} == {"a:1"}
    assert load("run: train.py\nnproc: gpu\n").roles["worker"].nproc == "gpu"


def test_a_role_with_a_run_of_its_own_has_its_own_args(load):
    job = load("run: train.py --a\nroles:\n  x: {run: train.py --b}\n  y: {run: -m m}\n  z: {}\n")
    assert (job.roles["x"].run, job.roles["x"].args) == (Run(script="train.py"), ("--b",))
    assert job.roles["y"].args == ()
    assert job.roles["z"].args is None


def test_when_every_role_says_what_it_runs_the_job_need_not(load):
    assert load("roles:\n  a: {run: train.py}\n  b: {run: -m m}\n").run == Run(script="train.py")


def test_all_other_keys(load, folder):
    job = load(
        "run: train.py\ntorch: {backend: gloo, port: 29500, timeout: 30m}\nmax_restarts: 3\n"
        "outputs: out\npython: env/bin/python\nwait: 90s\ngrace: 5\nlog_keep: 1Gi\n"
        "labels: {team: a, v: 1}\nports: {http: 8080}\nresources: {nvidia.com/gpu: 2}\n"
        "pull: Always\ncompletes: true\nannotations: {x/y: any thing}\nworkdir: .\n"
    )
    role = job.roles["worker"]
    assert job.torch == Torch(backend="gloo", port=29500, timeout=1800.0)
    assert (job.max_restarts, job.wait, job.grace, job.log_keep) == (3, 90.0, 5.0, 1024**3)
    assert (job.outputs, job.python) == (str(folder / "out"), str(folder / "env/bin/python"))
    assert job.labels == {"team": "a", "v": "1"}
    assert (role.ports, role.resources) == ({"http": 8080}, {"nvidia.com/gpu": "2"})
    assert (role.pull, role.completes, role.annotations) == ("Always", True, {"x/y": "any thing"})


def test_environment_values_are_text_as_it_was_written(load):
    job = load('run: train.py\nenv: {A: 1, B: yes, C: true, D: 1.10, E: "", F: 0x10, G: 1e5}\n')
    assert job.env == {
        "A": "1",
        "B": "yes",
        "C": "true",
        "D": "1.10",
        "E": "",
        "F": "0x10",
        "G": "1e5",
    }


def test_a_key_with_nothing_after_it_says_nothing(load):
    assert load("run: train.py\nmemory:\ntorch:\n  port:\nargs:\n").roles["worker"] == Role()


def test_paths_belong_to_the_files_folder(folder, monkeypatch):
    lab = folder / "my lab é"
    lab.mkdir()
    (lab / "train.py").write_text("")
    (lab / "job.yaml").write_text("run: train.py\noutputs: ../results\n")
    job = spec.load(lab / "job.yaml")
    assert (job.workdir, job.outputs) == (str(lab), str(folder / "results"))
    (lab / "job.yaml").write_text("run: 'my lab é/train.py'\nworkdir: ..\n")
    assert spec.load("my lab é/job.yaml").run.script is None  # words: a space parts them
    (lab / "job.yaml").write_text("run: {script: my lab é/train.py}\nworkdir: ..\n")
    assert spec.load("my lab é/job.yaml").workdir == str(folder)


def test_home_folders(load, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert load("run: train.py\noutputs: ~/out\n").outputs == str(folder / "out")


def test_json_job_files(folder):
    (folder / "job.json").write_text(
        json.dumps({"run": ["train.py", "ü"], "nodes": 2}, indent="\t")
    )
    assert spec.load("job.json").args == ("ü",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nodes: 0",
            'nodes: must be a number of nodes, at least 1, or a range such as "1:4"; got 0',
        ),
        ("nodes: '4:2'", 'nodes: must have its minimum first: 2:4; got "4:2"'),
        ("nproc: -1", 'nproc: must be at least 1, "gpu" or "cpu"; got -1'),
        ("nproc: tpu", 'nproc: must be at least 1, "gpu" or "cpu"; got "tpu"'),
        ("nproc: 1.5", 'nproc: must be at least 1, "gpu" or "cpu"; got 1.5'),
        ("nproc: true", 'nproc: must be at least 1, "gpu" or "cpu"; got true'),
        ("nproc: 9999999", "nproc: must be at most 1024 ranks a node; got 9999999"),
        ("gpus: many", 'gpus: must be a number of GPUs, 0 to 1024; got "many"'),
        ("cpu: 0", "cpu: must be a number of processors above 0"),
        ("memory: 5 Gigs", 'memory: is not a quantity; write 5Gi; got "5 Gigs"'),
        ("memory: 16", "memory: must be at least 1Mi; with a unit, such as 16Gi; got 16"),
        (
            "framework: pytorch",
            'framework: must be "auto", "torch", "tensorflow", "jax", "mpi" or "plain"; '
            'got "pytorch"; did you mean "torch"?',
        ),
        ("name: a/b", 'digits and dashes, beginning with a letter; "a-b" would do; got "a/b"'),
        (f"name: {'x' * 40}", "name: must have at most 32 characters"),
        ("name: [x]", "name: must be text; got a list"),
        ("torch: {port: 70000}", "torch.port: must be a port, 1 to 65535; got 70000"),
        ("torch: {timeout: 0}", "torch.timeout: must be a time above 0; got 0"),
        ("torch: {backend: nccll}", 'got "nccll"; did you mean "nccl"?'),
        ("torch: {prot: 1}", 'torch.prot: unknown key; did you mean "port"?'),
        ("torch: 5", "torch: must be a mapping; got 5"),
        ("max_restarts: 1.5", "max_restarts: must be a whole number, 0 to 1,000,000; got 1.5"),
        ("grace: soon", "grace: must be a time"),
        ("completes: yes", 'completes: must be true or false; got "yes"'),
        ("pull: never", 'did you mean "Never"?'),
        ("env: {A: [1]}", "env.A: must be text; got a list"),
        ("env: {A: }", 'env.A: has no value; write "" for an empty one'),
        ("env: {'A=B': x}", "env.A=B: a variable's name is printable ASCII without `=`"),
        ("env: [A]", "env: must be a mapping; got a list"),
        ('env: {A: "\\0"}', "env.A: must not hold a NUL character"),
        ("args: {a: b}", "args: must be a list; got a mapping"),
        ("args: [[a]]", "args[0]: must be text; got a list"),
        ('args: "\'open"', "args: no closing quotation"),
        ("labels: {a b: c}", "labels.a b: a label's key is such as"),
        ("labels: {a: b c}", "labels.a: must be at most 63 letters"),
        ("ports: {HTTP: 1}", "ports.HTTP: a port's name is at most 15"),
        ("ports: {http: 0}", "ports.http: must be a port, 1 to 65535; got 0"),
        ("resources: {a.b/x: much}", "resources.a.b/x: is not a quantity"),
        ("nprocs: 2", 'nprocs: unknown key; did you mean "nproc"?'),
        ("replicas: 2", 'replicas: unknown key; did you mean "nodes"?'),
        ("backend: gloo", 'backend: unknown key; did you mean "torch.backend"?'),
        ("zzz: 2", "zzz: unknown key"),
        ("roles: {}", "roles: must be a mapping of at least one role"),
        ("roles: [a]", "roles: must be a mapping of at least one role; got a list"),
        ("roles: {w: 5}", "roles.w: must be a mapping; got 5"),
        ("roles: {Worker: }", "a role's name must be lower-case letters"),
        ("roles: {w: {gpu: 1}}", 'roles.w.gpu: unknown key; did you mean "gpus"?'),
        ("roles: {w: {torch: {}}}", "unknown key for a role; it belongs at the top, to the job"),
        ("roles: {ps: {}}", "the run would never be done: no role's end ends it (ps)"),
    ],
)
def test_each_wrong_value_says_where_and_what(faults, text, message):
    found = faults(f"run: train.py\n{text}\n")
    assert len(found) == 1
    assert found[0].startswith("job.yaml:2: ")
    assert message in found[0]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("''", "must not be an empty command"),
        ("-m", "must begin with a script, `-m module` or a program"),
        ("[]", "must not be an empty command"),
        ("{script: a.py, module: b}", "must be exactly one of script, module and command"),
        ("{scrpt: a.py}", 'run.scrpt: unknown key; did you mean "script"?'),
        ("{module: a-b}", "run.module: must be a module's dotted name"),
        ('"\'x"', "no closing quotation"),
    ],
)
def test_nothing_that_can_run(faults, run, message):
    assert any(message in fault for fault in faults(f"run: {run}\n"))


def test_without_run_it_says_what_to_write(faults):
    assert faults("nodes: 2\n") == [
        "job.yaml:1: `run` is missing: say what to run, such as `run: train.py`"
    ]


def test_every_problem_at_once_in_the_order_of_the_file(load):
    with pytest.raises(spec.SpecError) as caught:
        load(
            "run: trian.py\nnproc: -1\nname: A\nnproc: 2\nroles:\n  w: {nodes: 0}\n  v: {cpus: 1}\n"
        )
    assert str(caught.value).splitlines()[0] == "job.yaml has 6 problems; nothing was started."
    assert [problem.place.line for problem in caught.value.problems] == [1, 2, 3, 4, 6, 7]
    assert caught.value.exit_code == 2
    assert isinstance(caught.value.problems[0], spec.Problem)


def test_one_problem_is_singular_and_many_are_counted(load):
    with pytest.raises(spec.SpecError, match=r"job\.yaml has 1 problem; nothing was started\."):
        load("run: trian.py\n")
    with pytest.raises(spec.SpecError) as caught:
        load("run: train.py\n" + "".join(f"zzz{i}: 1\n" for i in range(50)))
    assert str(caught.value).splitlines()[-1] == "  ... and 30 more"
    assert len(caught.value.problems) == 50


def test_a_value_for_all_roles_is_one_problem_with_the_users_own_path(faults):
    assert faults("run: train.py\nnproc: -1\nroles: {a: {}, b: {}}\n") == [
        'job.yaml:2: nproc: must be at least 1, "gpu" or "cpu"; got -1'
    ]


def test_ten_thousand_roles_are_one_problem(faults):
    text = "run: train.py\nroles:\n" + "".join(f"  r{i}: {{nodes: 0}}\n" for i in range(10_000))
    assert faults(text) == ["job.yaml:2: roles: must be at most 64 roles; got 10,000"]


def test_sixty_four_roles_are_fine(load):
    assert (
        len(load("run: train.py\nroles:\n" + "".join(f"  r{i}:\n" for i in range(64))).roles) == 64
    )

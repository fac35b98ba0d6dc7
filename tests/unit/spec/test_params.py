"""Params: types, `--set`, and `${name}`."""

import pytest

JOB = """\
run: train.py --lr ${lr} --opt=${opt}
nodes: ${n}
params:
  lr: 0.01
  opt: {type: str, default: adam, choices: [adam, sgd], help: the optimizer}
  n: {type: int, default: 2, min: 1, max: 8}
"""


def test_defaults(load):
    job = load(JOB)
    assert job.args == ("--lr", "0.01", "--opt=adam")
    assert job.roles["worker"].nodes.maximum == 2
    assert job.params["opt"].help == "the optimizer"
    assert {name: param.type for name, param in job.params.items()} == {
        "lr": "float",
        "opt": "str",
        "n": "int",
    }


def test_set_changes_them(load):
    job = load(JOB, sets=("lr=1", "opt=sgd", "n=3"))
    assert job.args == ("--lr", "1.0", "--opt=sgd")
    assert job.roles["worker"].nodes.minimum == 3
    assert (job.params["lr"].value, job.params["n"].value) == (1.0, 3)


@pytest.mark.parametrize("text", ["", "null", "~", "1.10", "true"])
@pytest.mark.parametrize("declared", ["{type: str, default: x}", "{type: str}", "x"])
def test_a_text_is_set_to_any_text(load, declared, text):
    job = load(
        f"run: train.py --tag ${{tag}}\nparams: {{tag: {declared}}}\n", sets=(f"tag={text}",)
    )
    assert job.params["tag"].value == text
    assert job.args == ("--tag", text)


@pytest.mark.parametrize(
    ("sets", "fault"),
    [
        (("lr=fast",), '--set lr: must be a number; got "fast"'),
        (("opt=lion",), '--set opt: must be one of adam, sgd; got "lion"'),
        (("n=9",), "--set n: must be at most 8; got 9"),
        (("n=0",), "--set n: must be at least 1; got 0"),
        (("n=1.5",), "--set n: must be a whole number; got 1.5"),
        (("lr=.nan",), "--set lr: must be a finite number; got NaN"),
        (("lrr=1",), '--set lrr: no param has this name; did you mean "lr"?'),
        (("zzzz=1",), "--set zzzz: no param has this name; known: lr, opt, n"),
        (("lr",), "--set lr: must be name=value"),
        (("lr=",), '--set lr: must be a number; got ""'),
        (("lr=null",), "has no value"),
    ],
)
def test_a_wrong_set(faults, sets, fault):
    found = faults(JOB, sets=sets)
    assert len(found) == 1
    assert fault in found[0]


def test_set_without_params(faults):
    assert faults("run: train.py\n", sets=("lr=1",)) == [
        "--set lr: no param has this name; this job has no params"
    ]


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("5", 5, "int"),
        ("true", True, "bool"),
        ("yes", "yes", "str"),
        ("1e-3", 0.001, "float"),
        ("'5'", "5", "str"),
        ("{type: float, default: 1}", 1.0, "float"),
        ("{type: str, default: 1.10}", "1.10", "str"),
        ("{default: 3, choices: [1, 3]}", 3, "int"),
    ],
)
def test_types_come_from_the_default_unless_they_are_named(load, declared, value, kind):
    param = load(f"run: train.py\nparams: {{p: {declared}}}\n").params["p"]
    assert (param.value, param.type) == (value, kind)
    assert type(param.value) is type(value)


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ("p: {type: int, default: x}", 'params.p.default: must be a whole number; got "x"'),
        ("p: {type: number, default: 1}", "params.p.type: must be int, float, str or bool"),
        ("p: {type: [], default: 1}", "params.p.type: must be int, float, str or bool"),
        ("p: {type: {}, default: 1}", "params.p.type: must be int, float, str or bool"),
        ("p: {type: int}", "params.p: has no value; give it a default, or --set p=VALUE"),
        ("p:", "params.p: has no value"),
        ("p: [1, 2]", "must be"),
        ("p: {defualt: 1}", 'params.p.defualt: unknown key; did you mean "default"?'),
        ("p: {default: 1, choices: 1}", "params.p.choices: must be a list"),
        ("p: {default: 1, choices: [a]}", "choices: each must be a whole number"),
        ("p: {default: 1, choices: [[1]]}", "must have choices that are single values"),
        ("p: {default: 1, min: a}", "params.p.min: must be a number"),
        ("a b: 1", "params.a b: a param's name is letters, digits and underscores"),
    ],
)
def test_a_wrong_declaration(faults, declared, fault):
    assert any(fault in one for one in faults(f"run: train.py\nparams:\n  {declared}\n"))


def test_params_must_be_a_mapping(faults):
    assert faults("run: train.py\nparams: [a]\n") == [
        "job.yaml:2: params: must be a mapping of names to values"
    ]


def test_they_fill_args_run_env_counts_and_image(load, folder):
    (folder / "fit a.py").write_text("")
    job = load(
        "run: ${script} ${x}\nargs: ['${x}-${x}']\nenv: {A: 'v${x}'}\nimage: i:${x}\n"
        "nodes: '1:${x}'\nnproc: ${x}\ngpus: ${x}\ncpu: ${x}\n"
        "roles: {w: {env: {B: '${flag}'}}}\nparams: {x: 3, script: fit a.py, flag: true}\n"
    )
    role = job.roles["w"]
    assert (job.run.script, job.args, job.env) == ("fit a.py", ("3", "3-3"), {"A": "v3"})
    assert (role.image, role.nproc, role.gpus, role.cpu) == ("i:3", 3, 3, 3.0)
    assert (role.nodes.minimum, role.nodes.maximum, role.env) == (1, 3, {"B": "true"})


def test_a_value_is_one_word_whatever_it_holds(load):
    job = load("run: train.py ${x}\nparams: {x: a b; rm -rf}\n")
    assert job.args == ("a b; rm -rf",)


@pytest.mark.parametrize(
    ("written", "filled"),
    [("$${x}", "${x}"), ("$$${x}", "$${x}"), ("$x", "$x"), ("a$", "a$"), ("${x}$${x}", "1${x}")],
)
def test_the_escape(load, written, filled):
    assert load(f"run: train.py\nargs: ['{written}']\nparams: {{x: 1}}\n").args == (filled,)


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ("${step}", 'args[0]: `${step}` names no param; did you mean "steps"?'),
        ("${HOME}", "args[0]: `${HOME}` names no param"),
        ("${", "args[0]: `${` without `}`"),
        ("${}", "args[0]: `${}` names no param"),
    ],
)
def test_a_wrong_use(faults, args, fault):
    found = faults(f"run: train.py\nargs: ['{args}']\nparams: {{steps: 1}}\n")
    assert len(found) == 1
    assert fault in found[0]


def test_without_params_the_way_out_is_shown(faults):
    assert "for the text itself write `$${HOME}`" in faults("run: train.py ${HOME}\n")[0]


def test_a_filled_count_that_is_wrong_is_named_at_its_use(faults):
    assert faults("run: train.py\nnproc: ${x}\nparams: {x: some}\n") == [
        'job.yaml:2: nproc: must be at least 1, "gpu" or "cpu"; got "some"'
    ]

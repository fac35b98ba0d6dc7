"""What can be said without rankzero, and what is told of the rest."""

from __future__ import annotations

import pytest
import yaml

from rankzero.errors import BadRequest
from rankzero.export.code import code_of
from rankzero.export.forms import FORMS, files, noted
from rankzero.export.outline import outline

from .cases import CASES, EVERY, job, made, nodes


def told(**fields) -> dict[str, str]:
    framework = fields.pop("framework", "torch")
    form = fields.pop("form", "yaml")
    return {note.what: note.instead for note in noted(form, made(framework, **fields)).notes}


def test_what_only_rankzero_can_do_is_named_where_the_job_asks_for_it() -> None:
    few = told()
    assert set(few) == {"outputs that come back", "rankzero why"}
    many = told(
        roles={"worker": {"nodes": nodes(4, 2)}, "ps": {}},
        max_restarts=2,
        self_heal=True,
        log_volume="lines",
        output_volume="results",
        collect="all",
        torch={"backend": "gloo", "timeout": 60.0},
        files={"train.py": b"import rankzero\n"},
    )
    assert set(many) == {
        "worker: nodes: 2:4",
        "max_restarts: 2, in place",
        "torch: backend: gloo",
        "torch: timeout: 60 s",
        "import rankzero",
        "ps ended with the others",
        "a role that fails ends the others",
        "rankzero outputs",
        "log_volume: lines",
        "self_heal",
        "collect: all",
        "rankzero why",
    }
    assert many["worker: nodes: 2:4"].startswith("always 4")


def test_a_rank_s_own_variables_are_missed_under_torchrun() -> None:
    script = {"train.py": b"import os\nos.environ['RANKZERO_RANK']\n"}
    assert "RANKZERO_RANK" not in told(files=script)
    assert "RANKZERO_RANK" in told(files=script, roles={"worker": {"nproc": 2}})


def test_jobset_ends_roles_together_and_kubeflow_s_pods_do_not_know_their_ranks() -> None:
    roles = {"worker": {"nodes": nodes(2)}, "ps": {}}
    assert "a role that fails ends the others" not in told(form="jobset", roles=roles)
    assert "made anew" in told(form="jobset", max_restarts=2)["max_restarts: 2, in place"]
    script = {"train.py": b"import os\nos.environ['RANKZERO_RANK']\n"}
    assert "RANKZERO_RANK" in told(form="pytorchjob", files=script)
    assert "RANKZERO_RANK" not in told(form="jobset", files=script)


@pytest.mark.parametrize("form", ["pytorchjob", "trainjob"])
@pytest.mark.parametrize("name", ["jax", "two-roles", "parameter-servers"])
def test_kubeflow_s_jobs_are_for_pytorch_with_one_role(name: str, form: str) -> None:
    with pytest.raises(BadRequest, match="is for PyTorch with one role"):
        files(form, noted(form, CASES[name]()))


def test_what_argo_would_fill_in_is_refused() -> None:
    with pytest.raises(BadRequest, match="Argo would fill in"):
        files("argo", noted("argo", CASES["torchrun"]()))


def test_argo_fills_in_the_run_s_name_where_code_asks_for_it() -> None:
    script = {"train.py": b"import os\nos.environ['RANKZERO_RUN']\n"}
    text = str(files("argo", noted("argo", made(files=script)))["workflow.yaml"])
    assert "- name: RANKZERO_RUN\n" in text
    assert "value: {{workflow.name}}\n" in text and "quote" not in text


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_every_note_is_in_the_readme(name: str, form: str) -> None:
    outlined = noted(form, CASES[name]())
    readme = str(files(form, outlined)["README.md"])
    assert all(f"| {note.what} | {note.instead} |" in readme for note in outlined.notes)


def test_without_torchrun_a_rank_is_a_pod_with_its_share() -> None:
    role = {"nodes": nodes(3), "nproc": "gpu", "gpus": 4, "memory": "10Gi", "cpu": 8}
    (part,) = made("jax", roles={"worker": role}).parts
    assert (part.pods, part.each) == (12, 1)
    assert (part.asked.gpus, part.asked.memory, part.asked.cpu) == (1, "2560Mi", 2)
    (part,) = made("torch", roles={"worker": role}).parts
    assert (part.pods, part.each) == (3, 4)


@pytest.mark.parametrize(
    ("framework", "roles", "text"),
    [
        ("torch", {"worker": {"nodes": nodes(2), "place": [{"a": "b"}, {"a": "c"}]}}, "`place`"),
        ("jax", {"worker": {"nproc": 2, "gpus": 3}}, "cannot be divided"),
        ("torch", {"worker": {"nproc": "cpu"}}, "nproc is cpu"),
        ("torch", {"worker": {"nproc": 2}, "other": {}}, "worker 2, other 1"),
        ("tensorflow", {"a": {}, "b": {}}, "TensorFlow knows none"),
        ("mpi", {"worker": {"nodes": nodes(2)}}, "several pods"),
        ("mpi", {"worker": {"nodes": nodes(1)}, "other": {}}, "several pods"),
    ],
)
def test_what_no_file_can_say_is_refused_with_what_to_do(framework, roles, text) -> None:
    with pytest.raises(BadRequest, match=text) as refused:
        made(framework, roles=roles)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("run", "python", "words"),
    [
        ({"script": "train.py"}, "", "mpirun -np 2 python3 train.py --lr 1"),
        ({"script": "train.py"}, "/opt/bin/python", "mpirun -np 2 /opt/bin/python train.py --lr 1"),
        ({"module": "net.train"}, "", "mpirun -np 2 python3 -m net.train --lr 1"),
        ({"command": ["./solve", "x"]}, "", "mpirun -np 2 ./solve x --lr 1"),
    ],
)
def test_mpirun_is_the_program_of_a_pod_of_ranks(run, python, words) -> None:
    role = {"nodes": nodes(1), "nproc": 2, "gpus": 2}
    fields = {"run": run, "args": ("--lr", "1"), "roles": {"worker": role}}
    made_ = made("mpi", **fields, **({"python": python} if python else {}))
    (part,) = made_.parts
    assert " ".join((*part.words, *part.args)) == words
    assert (part.pods, part.each, part.asked.gpus, part.program) == (1, 1, 2, True)


def test_a_rank_for_each_processor_is_one_for_each_begun() -> None:
    (part,) = made("jax", roles={"worker": {"nproc": "cpu", "cpu": 2.5}}).parts
    assert (part.pods, part.asked.cpu) == (3, 2.5 / 3)
    (part,) = made("jax", roles={"worker": {"nproc": "gpu"}}).parts
    assert part.pods == 1


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"script": "/work/net/train.py"}, ("net/train.py",)),
        ({"script": "/elsewhere/train.py"}, ("/elsewhere/train.py",)),
        ({"module": "net.train"}, ("-m", "net.train")),
    ],
)
def test_a_script_is_called_from_its_folder(run, words) -> None:
    (part,) = made("jax", run=run).parts
    assert part.words == words


def test_code_that_lies_in_the_image_is_not_mounted() -> None:
    outlined = outline(job(), "torch", None, "/app")
    for form in FORMS:
        written = files(form, outlined)
        assert not [name for name in written if "code" in name]
    made = yaml.safe_load(files("yaml", outlined)["worker.yaml"])
    spec = made["spec"]["template"]["spec"]
    assert "initContainers" not in spec and spec["containers"][0]["workingDir"] == "/app"


@pytest.mark.parametrize("name", ["a b.py", "ü.py", "a/b c", "..x"])
def test_a_name_that_no_config_map_can_have_is_told(name: str) -> None:
    with pytest.raises(BadRequest, match="cannot hold"):
        code_of({"train.py": b"", name: b""})


def test_two_files_that_would_be_one_are_told() -> None:
    with pytest.raises(BadRequest, match="a/b, a--b"):
        code_of({"a/b": b"", "a--b": b""})


def test_a_large_folder_is_applied_by_the_server() -> None:
    assert "--server-side" not in files("yaml", made())["README.md"]
    large = made(files={"train.py": b"#" * 200_000})
    assert "--server-side" in files("yaml", large)["README.md"]
    assert "--server-side" in files("kustomize", large)["README.md"]


def test_nothing_bears_rankzero_s_marks() -> None:
    for name, form in EVERY:
        for path, content in files(form, noted(form, CASES[name]())).items():
            assert "rankzero/" not in str(content), (name, path)
            assert "managed-by: rankzero" not in str(content), (name, path)

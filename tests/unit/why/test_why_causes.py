"""Every cause against records as agents write them."""

from __future__ import annotations

import pytest

from rankzero.agent.history import History, NodeState
from rankzero.why import CAUSES, Facts, Finding, explain

PLAN = {
    "nodes": [
        {
            "role": "worker",
            "index": index,
            "python": f"/opt/python{index}",
            "workdir": "/home/me/digits",
            "command": {"kind": "command", "target": "my tool", "args": []},
            "settings": {"port": None},
            "limits": {"join_wait": 30.0},
        }
        for index in (0, 1)
    ]
}


def failed(history: History | None = None, plan: dict | None = None, **record: object) -> Finding:
    """What is found about a run that failed so; rank 3 on worker/1 unless said otherwise."""
    cause = {"kind": "rank-failed", "rank": 3, "node": "worker/1", "time": 1.0, **record}
    history = (history or History())._replace(state="failed", cause=cause)
    return explain(Facts("digits-7f3a", history, PLAN if plan is None else plan))


def raised(kind: str, message: str, *frames: tuple[str, int, str, str]) -> dict[str, object]:
    keys = ("file", "line", "function", "source")
    return {
        "code": 1,
        "exception": {
            "type": kind,
            "message": message,
            "frames": [dict(zip(keys, frame, strict=True)) for frame in frames],
            "traceback": f"Traceback (most recent call last):\n{kind}: {message}",
        },
    }


def test_an_exception_is_told_with_its_line_and_traceback():
    found = failed(
        **raised(
            "ValueError",
            "too deep\nand more",
            ("/home/me/digits/train.py", 90, "<module>", "main()"),
            ("/home/me/digits/train.py", 58, "forward", "x = self.attention(x)"),
            ("/usr/lib/python3.11/json/decoder.py", 337, "decode", "obj, end = self.raw()"),
        )
    )
    assert found.cause == "exception"
    assert found.title == "rank 3 (worker/1) raised ValueError: too deep"
    assert found.evidence == ("train.py:58 in forward:  x = self.attention(x)",)
    assert found.detail[-1] == "and more"


def test_an_exception_deep_in_a_library_alone_names_its_innermost_line():
    found = failed(
        **raised("KeyError", "'x'", ("/v/site-packages/lib.py", 7, "get", "return d[k]"))
    )
    assert found.evidence == ("/v/site-packages/lib.py:7 in get:  return d[k]",)


def test_an_exception_without_frames_or_message_is_still_told():
    found = failed(code=1, exception={"type": "Exit", "message": "", "frames": []})
    assert (found.title, found.evidence) == ("rank 3 (worker/1) raised Exit", ())


def test_a_title_stays_one_short_line():
    title = failed(**raised("ValueError", "x" * 5000)).title
    assert len(title) < 250
    assert title.endswith("…")


@pytest.mark.parametrize("kind", ["SyntaxError", "IndentationError", "TabError"])
def test_a_syntax_error_names_the_interpreter(kind):
    found = failed(**raised(kind, "invalid syntax (model.py, line 3)"))
    assert found.cause == "syntax-error"
    assert "/opt/python1" in found.remedy


def test_a_missing_module_names_the_interpreter_of_its_node_and_what_to_install():
    found = failed(**raised("ModuleNotFoundError", "No module named 'sklearn.datasets'"))
    assert found.cause == "missing-module"
    assert found.remedy.startswith("/opt/python1 -m pip install sklearn,")
    assert "the ranks ran under /opt/python1" in found.evidence


def test_a_missing_module_without_a_plan_or_a_name_still_says_what_to_do():
    found = failed(plan={}, **raised("ModuleNotFoundError", "it is gone"))
    assert found.remedy.startswith("python3 -m pip install MODULE,")


def test_an_import_error():
    found = failed(**raised("ImportError", "cannot import name 'a' from 'b'"))
    assert found.cause == "import-error"
    assert "/opt/python1 -m pip list" in found.remedy


@pytest.mark.parametrize(
    ("message", "port"),
    [
        ("The server socket has failed to listen. port: 29500, EADDRINUSE", "29500"),
        ("[Errno 98] Address already in use", None),
        ("could not bind 127.0.0.1:8080: address already in use", "8080"),
    ],
)
def test_a_port_in_use(message, port):
    found = failed(**raised("torch.distributed.DistNetworkError", message))
    assert found.cause == "address-in-use"
    assert found.remedy == (
        f"see who has it: ss -ltnp 'sport = :{port}'" if port else "see who has it: ss -ltnp"
    )


def test_a_port_in_use_that_the_user_fixed():
    plan = {"nodes": [{**PLAN["nodes"][0], "settings": {"port": 4000}}]}
    found = failed(plan=plan, code=1, tail=["bind: Address already in use"])
    assert found.cause == "address-in-use"
    assert ":4000'" in found.remedy
    assert "without --port" in found.remedy
    assert found.evidence == ("bind: Address already in use",)


@pytest.mark.parametrize(
    ("message", "backend"),
    [
        ("Distributed package doesn't have NCCL built in", "nccl"),
        ("Distributed package doesn't have MPI built in. MPI is only included if", "mpi"),
        ("ProcessGroupNCCL is only supported with GPUs, no GPUs found!", "nccl"),
    ],
)
def test_a_backend_that_torch_lacks(message, backend):
    found = failed(**raised("RuntimeError", message))
    assert found.cause == "backend-unavailable"
    assert f"--backend gloo runs without {backend}" in found.remedy


def test_a_torch_without_gloo_is_not_told_to_use_gloo():
    found = failed(**raised("RuntimeError", "Distributed package doesn't have GLOO built in"))
    assert found.cause == "backend-unavailable"
    assert "--backend" not in found.remedy


def test_out_of_gpu_memory_says_how_much():
    message = (
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.90 GiB "
        "of which 400.00 MiB is free. Process 1 has"
    )
    found = failed(**raised("torch.OutOfMemoryError", message))
    assert found.cause == "out-of-gpu-memory"
    assert found.title == (
        "rank 3 (worker/1) ran out of GPU memory: tried 2.00 GiB, 400.00 MiB free of 15.90 GiB"
    )


def test_out_of_gpu_memory_without_figures():
    found = failed(**raised("torch.cuda.OutOfMemoryError", "no"))
    assert found.title == "rank 3 (worker/1) ran out of GPU memory"


def test_signal_9_says_how_to_check_for_memory():
    found = failed(signal=9, tail=["epoch 1"])
    assert found.cause == "killed"
    assert found.title == "rank 3 (worker/1) was killed by signal 9 (SIGKILL)"
    assert "dmesg" in found.remedy
    assert found.detail == ("epoch 1",)


def test_a_crash_shows_where_python_was():
    crash = 'Fatal Python error: Segmentation fault\n\nThread 0x7f:\n  File "train.py", line 3 in f'
    found = failed(signal=11, crash=crash)
    assert found.cause == "crashed"
    assert found.title.endswith("signal 11 (SIGSEGV)")
    assert found.evidence == ('File "train.py", line 3 in f',)
    assert found.detail == tuple(crash.splitlines())


def test_a_bus_error_points_at_shared_memory():
    assert "/dev/shm" in failed(signal=7).remedy


def test_any_other_signal_was_sent_by_somebody():
    found = failed(signal=15)
    assert (found.cause, found.title) == (
        "signalled",
        "rank 3 (worker/1) was killed by signal 15 (SIGTERM)",
    )


def test_a_signal_without_a_name():
    assert failed(signal=250).title == "rank 3 (worker/1) was killed by signal 250"


def test_a_command_that_is_not_there_is_quoted_for_the_shell():
    found = failed(code=127, tail=["sh: 1: my tool: not found"])
    assert found.cause == "command-not-found"
    assert "command -v 'my tool'" in found.remedy
    assert found.evidence == ("sh: 1: my tool: not found",)


def test_a_command_that_may_not_be_run():
    assert "chmod +x 'my tool'" in failed(code=126).remedy


def test_an_exit_code_shows_the_last_line():
    found = failed(code=3, tail=["working", "bad flag --lr", "  "])
    assert found.cause == "exit-code"
    assert found.title == "rank 3 (worker/1) exited with code 3"
    assert found.evidence == ("its last lines:", "  working", "  bad flag --lr")
    assert found.detail == ("working", "bad flag --lr", "  ")


def test_a_rank_that_left_by_itself_is_explained_by_what_it_wrote_before():
    usage = ["usage: train.py [-h]", "  [--lr LR]", "train.py: error: unrecognized arguments: -x"]
    at = ("/home/me/digits/train.py", 4, "<module>", "parser.parse_args()")
    record = {**raised("SystemExit", "exited with code 2", at), "code": 2}
    found = failed(tail=["reading", *usage], **record)
    assert (found.cause, found.title) == ("exit-code", "rank 3 (worker/1) exited with code 2")
    assert found.evidence == (
        "its last lines:",
        "  usage: train.py [-h]",
        "    [--lr LR]",
        "  train.py: error: unrecognized arguments: -x",
        "train.py:4 in <module>:  parser.parse_args()",
    )
    assert found.detail == ("reading", *usage)
    silent = failed(**record)
    assert silent.evidence == ("train.py:4 in <module>:  parser.parse_args()",)
    assert silent.detail[0].startswith("Traceback")


def test_a_rank_that_left_with_words_is_quoted():
    said = raised("SystemExit", "no such dataset\nlook again")
    found = failed(tail=["no such dataset"], **said)
    assert found.title == "rank 3 (worker/1) exited with code 1: no such dataset"
    assert found.evidence == ("its last line: no such dataset",)
    long = failed(**raised("SystemExit", "x" * 5000))
    assert len(long.title) < 250


def test_a_signal_after_sys_exit_is_the_cause():
    found = failed(**{**raised("SystemExit", "exited with code 2"), "code": None, "signal": 6})
    assert found.cause == "crashed"
    assert found.title == "rank 3 (worker/1) was killed by signal 6 (SIGABRT)"


def test_a_script_that_exits_with_the_shell_s_code_was_found():
    found = failed(**{**raised("SystemExit", "exited with code 127"), "code": 127})
    assert (found.cause, found.remedy) == ("exit-code", "")


@pytest.mark.parametrize(("kind", "verb"), [("node-lost", "was lost"), ("node-left", "left")])
def test_a_node_that_is_gone(kind, verb):
    found = failed(kind=kind, message="no sign of life for 10 s")
    assert found.cause == "node-lost"
    assert found.title == f"node worker/1 {verb}: no sign of life for 10 s"
    assert "--max-restarts 1" in found.remedy


def test_a_lost_node_with_all_restarts_used():
    found = failed(History(restarts=2, max_restarts=2), kind="node-lost", rank=None)
    assert found.evidence == ("2 of 2 restarts were used",)
    assert "a higher --max-restarts" in found.remedy


def test_ranks_that_the_kernel_does_not_let_go():
    found = failed(kind="stuck", node="worker/1", message="ranks on worker/1 did not end")
    assert (found.cause, found.title) == ("stuck", "ranks on worker/1 did not end")
    assert found.remedy is not None
    assert found.remedy.startswith("look at worker/1")


def test_nodes_that_did_not_come():
    found = failed(kind="nodes-missing", rank=None, message="worker/1 did not come within 30 s")
    assert (found.cause, found.title) == ("nodes-missing", "worker/1 did not come within 30 s")
    assert "longer than 30 s (--wait)" in found.remedy


def test_a_node_that_could_not_start_speaks_for_itself():
    found = failed(kind="refused", rank=None, message="no mpi in this torch\nuse gloo")
    assert found.title == "node worker/1 cannot run it: no mpi in this torch"
    assert found.evidence == ("use gloo",)


def test_a_run_that_was_cut_off():
    found = failed(kind="cut-off", rank=None, node=None, message="its supervisor is gone")
    assert (found.cause, found.evidence) == ("cut-off", ("its supervisor is gone",))
    assert "rankzero rerun digits-7f3a" in found.remedy


def test_a_record_of_an_unknown_kind_shows_its_message():
    found = failed(kind="eaten", rank=None, node=None, message="a whale came", colour="blue")
    assert (found.cause, found.title) == ("unrecorded", "a whale came")


def test_a_failure_without_a_record():
    found = explain(Facts("digits-7f3a", History(state="failed")))
    assert found.cause == "unrecorded"
    assert "rankzero events digits-7f3a" in found.remedy


def test_a_stop_says_whose():
    history = History(state="stopped", stopped_by="the command that started it has ended")
    assert explain(Facts("r", history)).title == (
        "the run was stopped before it was done (the command that started it has ended)"
    )
    unknown = explain(Facts("r", history._replace(stopped_by=None)))
    assert unknown.title == "the run was stopped before it was done"


SURVIVED = {"kind": "rank-failed", "rank": 1, "node": "worker/0", "signal": 9}


@pytest.mark.parametrize(
    ("history", "cause", "evidence"),
    [
        (History(state="succeeded"), "succeeded", ()),
        (History(state="stopped"), "stopped", ()),
        (
            History(state="stopped", cause=SURVIVED),
            "stopped",
            ("before that, rank 1 (worker/0) was killed by signal 9 (SIGKILL)",),
        ),
        (
            History(nodes={"worker/0": NodeState("worker/0")}, waiting_for=("worker/1",)),
            "waiting",
            ("1 node here",),
        ),
        (History(state="running", generation=1), "going-on", ()),
        (
            History(state="running", restarts=1, max_restarts=3, cause=SURVIVED),
            "going-on",
            (
                "1 of 3 restarts used; the last failure: "
                "rank 1 (worker/0) was killed by signal 9 (SIGKILL)",
            ),
        ),
        (History(state="restarting", cause=SURVIVED, restarts=1, max_restarts=1), "going-on", None),
    ],
)
def test_runs_that_have_not_failed(history, cause, evidence):
    found = explain(Facts("digits-7f3a", history, PLAN))
    assert found.cause == cause
    if evidence is not None:
        assert found.evidence == evidence


def test_who_is_waited_for_stands_in_the_title():
    history = History(waiting_for=("worker/1", "worker/3"))
    assert explain(Facts("r", history)).title == "the run waits for worker/1, worker/3"


def test_no_cause_but_the_last_claims_a_failure_that_it_does_not_know():
    facts = Facts("r", History(state="failed", cause={"kind": "eaten"}))
    assert [find(facts) for find in CAUSES[:-1]] == [None] * (len(CAUSES) - 1)
    assert CAUSES[-1](facts) is not None


def test_a_place_is_told_from_the_workdir_on_also_where_a_plan_is_kept_short():
    """As a cluster keeps it: in full only for the first node of a role."""
    first, second = PLAN["nodes"]
    short = {"nodes": [first, {key: second[key] for key in ("role", "index")}]}
    frames = raised("KeyError", "1", ("/home/me/digits/train.py", 3, "f", "x = {}[1]"))
    assert failed(plan=short, **frames).evidence == ("train.py:3 in f:  x = {}[1]",)


def test_a_world_of_mpi_that_a_rank_has_ended():
    found = failed(signal=13, aborted="MPI_Abort(MPI_COMM_WORLD, 3)")
    assert found.cause == "mpi-abort"
    assert found.title == "rank 3 (worker/1) called MPI_Abort(MPI_COMM_WORLD, 3)"


def test_a_world_of_mpi_that_its_mpirun_has_ended():
    exception = {"type": "mpirun", "message": "exited with code 1: no slots", "frames": []}
    found = failed(signal=9, exception=exception, tail=["mpirun: no slots"])
    assert (found.cause, found.title) == ("mpirun", "mpirun exited with code 1: no slots")
    assert found.detail == ("mpirun: no slots",)
    assert "--mpirun" in found.remedy

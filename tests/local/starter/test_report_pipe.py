"""The pipe between a rank and its agent, and what the starter does to hear of a first step."""

from __future__ import annotations

import json
import os
import textwrap
import zipfile
from typing import Any

from rankzero.script.channel import name_of

from .conftest import SOURCES, Python, Seen

FAKE_TORCH = {
    "torch/__init__.py": "import torch.optim.optimizer, torch.distributed.distributed_c10d\n",
    "torch/optim/__init__.py": "",
    "torch/optim/optimizer.py": """
        import weakref
        from collections import OrderedDict
        hooks = OrderedDict()

        class Handle:
            def __init__(self, number):
                self.id, self.hooks_dict_ref = number, weakref.ref(hooks)
            def remove(self):
                del hooks[self.id]

        def register_optimizer_step_post_hook(hook):
            hooks[len(hooks)] = hook
            return Handle(len(hooks) - 1)

        def step():
            for hook in hooks.values():
                hook(None, (), {})
        """,
    "torch/distributed/__init__.py": "from .distributed_c10d import init_process_group\n",
    "torch/distributed/distributed_c10d.py": """
        def is_gloo_available(): return True
        def is_nccl_available(): return True
        def is_mpi_available(): return False
        def init_process_group(backend=None, init_method=None, timeout=None, world_size=-1):
            print(backend, init_method, timeout and timeout.total_seconds(), world_size)
        """,
}


def heard(python: Python, text: str, kind: str = "script", **env: str) -> tuple[Seen, list[Any]]:
    """What a rank showed, and the lines that came through its pipe."""
    for name, source in {**FAKE_TORCH, "train.py": text}.items():
        path = python.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(textwrap.dedent(source))
    read, write = os.pipe()
    target = ["train.py"] if kind == "script" else [python.executable, "train.py"]
    env = {"RANKZERO_REPORT_FD": name_of(write), **env}
    try:
        seen = python.rank(kind, *target, env=env, pass_fds=(write,))
    finally:
        os.close(write)
    with os.fdopen(read) as pipe:
        return seen, [json.loads(line) for line in pipe]


def test_reports_and_the_first_step_arrive(python: Python) -> None:
    text = "import rankzero\nfor n in (1, 2): rankzero.report(step=n, loss=0.5)\n"

    seen, lines = heard(python, text)

    assert (seen.code, seen.err) == (0, "")
    assert list(lines[0]) == ["first_step"]
    assert lines[1:] == [{"report": {"step": 1, "loss": 0.5}}, {"report": {"step": 2, "loss": 0.5}}]


def test_a_command_in_python_reports_too(this_python: Python) -> None:
    text = f"import sys; sys.path.append({str(SOURCES)!r})\nimport rankzero; rankzero.report(x=1)\n"

    _, lines = heard(this_python, text, kind="command")

    assert lines == [{"report": {"x": 1}}]


def test_children_that_are_exec_ed_do_not_hold_the_pipe(this_python: Python) -> None:
    text = """
        import os, subprocess, sys
        print("RANKZERO_REPORT_FD" in os.environ)
        code = "import os; print([f for f in map(int, os.listdir('/proc/self/fd')) if f > 2])"
        print(subprocess.check_output([sys.executable, "-c", code], close_fds=False, text=True))
        """
    (this_python.folder / "count.py").write_text(textwrap.dedent(text))
    plain = this_python.plain("count.py")

    seen, _ = heard(this_python, text)

    assert seen.out == plain.out


def test_the_first_optimizer_step_is_told_once_and_its_hook_goes(this_python: Python) -> None:
    text = """
        from torch.optim import optimizer
        print(len(optimizer.hooks))
        optimizer.step(); optimizer.step()
        print(len(optimizer.hooks))
        import rankzero
        rankzero.report(step=1)
        """

    seen, lines = heard(this_python, text)

    assert seen.out == "1\n0\n"
    assert [list(line) for line in lines] == [["first_step"], ["report"]]


def test_a_hook_that_others_came_after_stays_and_is_quiet(this_python: Python) -> None:
    text = """
        from torch.optim import optimizer
        optimizer.register_optimizer_step_post_hook(lambda *_: print("theirs"))
        optimizer.step(); optimizer.step()
        """

    seen, lines = heard(this_python, text)

    assert seen.out == "theirs\ntheirs\n"
    assert len(lines) == 1


def test_a_bare_process_group_gets_the_jobs_backend_and_timeout(python: Python) -> None:
    text = """
        import torch.distributed as dist
        from datetime import timedelta
        from torch.distributed.distributed_c10d import init_process_group
        dist.init_process_group()
        init_process_group(None, "env://", None)
        dist.init_process_group("nccl", world_size=2)
        dist.init_process_group(backend="nccl", timeout=timedelta(seconds=5))
        dist.init_process_group("nccl", None, timedelta(seconds=6))
        """

    seen, _ = heard(python, text, RANKZERO_BACKEND="gloo", RANKZERO_TIMEOUT_S="90.5")

    assert seen.err == ""
    assert seen.out.splitlines() == [
        "gloo None 90.5 -1",
        "gloo env:// 90.5 -1",
        "nccl None 90.5 2",
        "nccl None 5.0 -1",
        "nccl None 6.0 -1",
    ]


def test_a_backend_that_this_torch_lacks(python: Python) -> None:
    text = "import torch.distributed as d\nd.init_process_group('gloo')\nd.init_process_group()\n"

    seen, _ = heard(python, text, RANKZERO_BACKEND="mpi")

    assert seen.out == "gloo None None -1\n"
    assert seen.err.splitlines()[-1] == (
        "RuntimeError: the job asks for the backend 'mpi', which this PyTorch was built without: "
        "use one that it has (nccl, gloo), or install a PyTorch built with it"
    )


def test_where_the_job_names_nothing_torch_is_left_alone(this_python: Python) -> None:
    text = "import sys, torch\nprint(torch.distributed.init_process_group.__code__.co_filename)"

    seen, _ = heard(this_python, text)

    assert seen.out.endswith("torch/distributed/distributed_c10d.py\n")


def test_imports_are_as_without_us_once_all_hooks_have_run(this_python: Python) -> None:
    text = """
        import sys
        before = len(sys.meta_path)
        import torch
        print(before - len(sys.meta_path), "exec_module" in vars(torch.optim.optimizer.__loader__))
        try:
            import torch.nosuch
        except ImportError as error:
            print(error)
        """

    seen, _ = heard(this_python, text)

    assert seen.out == "1 False\nNo module named 'torch.nosuch'\n"


def test_a_torch_that_cannot_be_prepared_still_trains(this_python: Python) -> None:
    text = "import torch\nprint('trained')\n"
    changed = "def register_optimizer_step_post_hook(hook): raise TypeError('changed')\n"
    heard(this_python, text)
    (this_python.folder / "torch/optim/optimizer.py").write_text(changed)

    seen = this_python.rank("script", "train.py")

    assert seen.out == "trained\n"
    assert "cannot prepare torch.optim.optimizer" in seen.err


def test_all_of_it_from_a_zip(python: Python) -> None:
    archive = python.folder / "agent.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for folder in ("", "agent/", "script/"):
            for file in (SOURCES / "rankzero" / folder).glob("*.py"):
                target.write(file, f"rankzero/{folder}{file.name}")
    (python.folder / "train.py").write_text(
        "import sys, rankzero\nprint(rankzero.context().rank, sys.path[-1])\n1 / 0\n"
    )

    seen = python.rank("script", "train.py", root=archive, env={"RANKZERO_RANK": "3"})

    assert seen.out == f"3 {archive}\n"
    assert seen.err.endswith("ZeroDivisionError: division by zero\n")
    assert "starter" not in seen.err

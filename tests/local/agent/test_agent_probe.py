"""A backend that this node's torch lacks is found out before any rank starts.

A stand-in for torch answers in milliseconds and has what each case needs; the real one is asked
in `tests/local/frameworks`.
"""

from __future__ import annotations

import pytest

from rankzero.agent import events as ev
from rankzero.contracts.topology import Settings

DISTRIBUTED = """
def is_gloo_available(): return True
def is_nccl_available(): return False
def is_mpi_available(): return {mpi}
def is_ucc_available(): return False
"""


def torch(folder, init: str, distributed: str = "") -> str:
    """A folder with a package of this name."""
    package = folder / "site" / "torch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(init)
    (package / "distributed.py").write_text(distributed)
    return str(package.parent)


@pytest.mark.parametrize(
    ("init", "mpi", "message"),
    [
        ("__version__ = '9.9'", False, "this torch (9.9) has no backend mpi; it has gloo"),
        ("raise ImportError('libcudart.so is missing')", False, "libcudart.so is missing"),
    ],
)
def test_the_run_is_refused_before_the_start(cluster, init, mpi, message: str) -> None:
    cluster.root += ":" + torch(cluster.folder, init, DISTRIBUTED.format(mpi=mpi))
    settings = Settings("by-hand-0000", "torch", backend="mpi")
    cluster.start_all("print('ran')", nodes=1, settings=settings)
    cluster.codes()

    history = cluster.history()
    assert history.state == ev.FAILED
    assert history.cause["kind"] == "refused"
    assert message in history.cause["message"]
    assert not cluster.events(ev.ASSIGNED)
    assert cluster.lines(0) == []


def test_a_torch_that_has_it_runs(cluster) -> None:
    site = torch(cluster.folder, "__version__ = '9.9'", DISTRIBUTED.format(mpi=True))
    cluster.root += ":" + site
    settings = Settings("by-hand-0000", "torch", backend="mpi")
    cluster.start_all(
        "import os\nprint(os.environ['RANKZERO_BACKEND'])", nodes=1, settings=settings
    )
    cluster.codes()

    assert cluster.history().state == ev.SUCCEEDED
    assert cluster.lines(0) == [b"mpi"]


def test_an_interpreter_that_cannot_answer_does_not_stop_the_run(cluster) -> None:
    """Nobody knows then, and the script itself will tell."""
    cluster.root += ":" + torch(cluster.folder, "import os\nif os.getppid(): os._exit(3)")
    cluster.start_all(
        "print('ran')", nodes=1, settings=Settings("by-hand-0000", "torch", backend="mpi")
    )
    cluster.codes()

    assert cluster.lines(0) == [b"ran"]

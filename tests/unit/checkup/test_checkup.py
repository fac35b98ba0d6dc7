"""What a check-up makes of what it sees."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.preflight.model import Refusal, Verdict
from rankzero.doctor import cluster, frameworks
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("v1.34.2", FINE),
        ("v1.29.0-eks-a5", FINE),
        ("v1.30+", FINE),
        ("v1.24.9", WARNING),
        ("", UNKNOWN),
        ("vX", UNKNOWN),
    ],
)
def test_versions(version: str, verdict: str) -> None:
    assert cluster.version(version).verdict == verdict


@pytest.mark.parametrize(
    ("server", "kubelets", "verdict", "said"),
    [
        ("v1.34.2", ["v1.34.1", "v1.31.9"], FINE, "v1.31.9, v1.34.1"),
        ("v1.34.2", ["v1.34.1", "v1.30.9"], WARNING, "machines have v1.30.9"),
        ("v1.33.0", ["v1.34.0"], WARNING, "v1.34.0"),
        ("v1.33.0", [""], UNKNOWN, "do not tell"),
        ("mine", ["v1.33.0"], UNKNOWN, "do not tell"),
    ],
)
def test_versions_go_together(server: str, kubelets: list[str], verdict: str, said: str) -> None:
    found = cluster.version_skew(server, kubelets)
    assert (found.verdict, bool(found.remedy)) == (verdict, verdict == WARNING)
    assert said in found.said


def test_what_is_looked_at_before_a_run_is_told_by_its_verdict() -> None:
    refusal = Refusal("you may not create jobs.batch", "ask for it")
    verdicts = {
        "rights": Verdict((refusal,)),
        "dry run": Verdict((Refusal("the API server says so, too"),)),
        "nodes": Verdict(unchecked=("may not list nodes",)),
        "quota": Verdict(notes=("it is nearly used up",)),
        "namespace": Verdict(said='"team" is there'),
        "limits": Verdict(),
    }
    found = list(cluster.judged(verdicts, {"rights": refusal}))

    assert [(one.check, one.verdict) for one in found] == [
        ("rights", FAILURE),
        ("nodes", UNKNOWN),
        ("quota", WARNING),
        ("namespace", FINE),
    ]
    assert found[0].remedy == "ask for it"


SEEN: dict[str, object] = {
    "name": "PyTorch",
    "version": "2.9",
    "built": "CUDA 13.2",
    "devices": ["H200", "H200"],
    "fault": "",
    "more": {"gloo": True, "NCCL": "2.27"},
}


@pytest.mark.parametrize(
    ("said", "verdict", "words"),
    [
        (SEEN, FINE, "2.9, for CUDA 13.2, computes on 2 GPUs (H200, ...), NCCL 2.27"),
        (
            {**SEEN, "devices": [], "built": "processors alone", "more": {"gloo": False}},
            WARNING,
            "2.9, for processors alone, sees no GPU, without gloo",
        ),
        (
            {**SEEN, "fault": "no kernel image is available"},
            FAILURE,
            "2.9, for CUDA 13.2, sees H200, and cannot compute on it: no kernel image is available",
        ),
        ({"name": "JAX", "broken": "bad ELF"}, FAILURE, "cannot be imported: bad ELF"),
        ({"name": "JAX", "late": 29.2}, WARNING, "did not answer within 30 s"),
    ],
)
def test_what_a_framework_sees(said: dict[str, object], verdict: str, words: str) -> None:
    found = frameworks.judged("machine", said, 30.0)
    assert (found.check, found.verdict, found.said) == (said["name"], verdict, words)
    assert bool(found.remedy) == (verdict != FINE)

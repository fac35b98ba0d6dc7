"""When a claim has its volume, from what its class says."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.claiming import when
from rankzero.backends.kubernetes.preflight.model import Answer
from rankzero.backends.kubernetes.preflight.storage_classes import CLASSES

DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}


def kind(name: str, mode: str = "Immediate", **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": annotations}, "volumeBindingMode": mode}


THERE = Answer(200, {"items": [kind("disk", "WaitForFirstConsumer"), kind("files", **DEFAULT)]})


@pytest.mark.parametrize(
    ("named", "answer", "said"),
    [
        ("disk", THERE, "until a pod mounts it: class disk makes its volume then"),
        ("files", THERE, "until class files has made its volume"),
        (None, THERE, "until class files has made its volume"),
        ("", THERE, "until somebody makes a volume that fits"),
        ("disk", Answer(403), "whether its class is there is not known (may not list storage"),
    ],
)
def test_what_a_new_volume_waits_for_is_told(named: str | None, answer: Answer, said: str) -> None:
    spec = {} if named is None else {"storageClassName": named}

    assert said in when({"spec": spec}, {CLASSES: answer})

"""What images are called, and what may be pushed."""

from __future__ import annotations

import pytest

from rankzero.errors import BadRequest
from rankzero.images.names import parse, to_push

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "whole", "host"),
    [
        ("python", "docker.io/library/python:latest", "registry-1.docker.io"),
        ("pytorch/pytorch:2.10", "docker.io/pytorch/pytorch:2.10", "registry-1.docker.io"),
        ("index.docker.io/a/b", "docker.io/a/b:latest", "registry-1.docker.io"),
        ("localhost/mine", "localhost/mine:latest", "localhost"),
        ("lab:5000/a/b/c:1", "lab:5000/a/b/c:1", "lab:5000"),
        (f"ghcr.io/a/b@{DIGEST}", f"ghcr.io/a/b@{DIGEST}", "ghcr.io"),
        (f"ghcr.io/a/b:1@{DIGEST}", f"ghcr.io/a/b:1@{DIGEST}", "ghcr.io"),
    ],
)
def test_a_name_is_spelled_out(text: str, whole: str, host: str) -> None:
    found = parse(text)
    assert (str(found), found.host) == (whole, host)
    assert parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Lab/app:1", "capital letters"),
        ("lab.example/", "a part of it is empty"),
        ("app:1", "USER/app"),
        ("docker.io/app", "Docker Hub's own"),
        ("lab.example/app:-1", "is no tag"),
        (f"lab.example/app@{DIGEST}", "follows from what is pushed"),
    ],
)
def test_what_a_registry_would_refuse_is_told_beforehand(text: str, said: str) -> None:
    with pytest.raises(BadRequest) as raised:
        to_push(text)
    assert said in str(raised.value)

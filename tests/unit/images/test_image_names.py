"""What images are called, and what may be pushed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.errors import BadRequest
from rankzero.images.names import parse, to_push, wrong

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


#: Nearly names: each of their signs has a meaning somewhere.
NEARLY = st.lists(
    st.sampled_from([*"aZ0._-:/@[] ", "__", "localhost", "docker.io", "lab:5000", "a.b", DIGEST]),
    max_size=8,
).map("".join)


@given(NEARLY)
def test_what_is_taken_for_a_name_is_the_same_when_it_is_spelled_out(text: str) -> None:
    try:
        found = parse(text)
    except BadRequest as refused:
        assert wrong(text) in str(refused)
        return
    assert wrong(text) == "" and parse(str(found)) == found
    assert found.tag or found.digest
    assert text.rpartition("/")[2].partition("@")[0].partition(":")[0] in found.repository


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        (" lab/app", "spaces around it"),
        ("lab/app@sha256:12", '"sha256:12" after @ is no digest'),
        ("lab/app@", '"" after @ is no digest'),
        ("lab.example:port/app", '"lab.example:port" is no registry'),
        ("-lab.example/app", '"-lab.example" is no registry'),
        (f"lab.example/app:{'1' * 129}", "at most 128"),
        (f"lab.example/{'a' * 250}", "more than 255 characters"),
        ("lab.example/a//b", "a part of it is empty"),
        ("lab.example/a___b", '"a___b" may have'),
        ("lab.example/a..b", '"a..b" may have'),
        ("a/b:", '"" after : is no tag'),
    ],
)
def test_what_is_no_name_is_told_by_its_part(text: str, fault: str) -> None:
    assert fault in wrong(text)

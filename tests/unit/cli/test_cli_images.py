"""`rankzero image build`: what is wrong is told before anything is asked of a registry."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--builder", "dokcer", "--dry-run"), 'did you mean "docker"'),
        (("--file", "Dockerfile"), "--builder docker"),
        (("--builder", "docker", "--base", "python:3"), "--base: with --builder"),
        (("--cmd", "sh -c 'x"), "--cmd: sh -c 'x is no command"),
        (("--workdir", "app"), "is no path in an image"),
        (("--platform", "linux/mips"), "There is: linux/amd64"),
        (("-r", "gone.txt"), "there is no file gone.txt"),
        (("gone",), "there is no folder gone"),
    ],
)
def test_what_cannot_be_is_told_beforehand(rankzero, tmp_path, monkeypatch, argv, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = rankzero("image", "build", "-t", "127.0.0.1:1/team/app:1", *argv)
    assert (code, out) == (2, "")
    assert said in err

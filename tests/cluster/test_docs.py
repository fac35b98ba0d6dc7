"""What the documentation shows of clusters is true: its commands are typed on one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from project.blocks import PAGES, ROOT, blocks
from project.transcript import Reader, follow_as

from .lab.manifests import claim
from .lab.target import Cluster
from .team import Team

pytestmark = pytest.mark.timeout(900)
ON_CLUSTER = [page for page in PAGES if any(block.word == "cluster" for block in blocks(page))]


class ClusterReader(Reader):
    """A reader with a namespace, a claim `team` in it, an image with PyTorch, the digits example,
    and an administrator's kubectl."""

    patience = 400

    def __init__(self, folder: Path, team: Team, image: str) -> None:
        super().__init__(folder)
        team.admin.apply(claim("team"))
        shutil.copytree(ROOT / "examples" / "digits", self.folder / "digits")
        programs = folder / "bin"
        programs.mkdir()
        words = " ".join(f"'{word}'" for word in team.admin.command())
        (programs / "kubectl").write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (programs / "kubectl").chmod(0o755)
        self.env.update({key: team.env[key] for key in ("KUBECONFIG", "RANKZERO_ON")})
        self.env.update(RANKZERO_IMAGE=image, PATH=f"{programs}:{self.env['PATH']}")


@pytest.mark.parametrize("page", ON_CLUSTER, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_reader_with_a_cluster_who_types_what_a_page_shows_sees_what_it_shows(
    page: Path, team: Team, cluster: Cluster, tmp_path: Path
) -> None:
    if cluster.torch is None:
        pytest.skip("no image with PyTorch is named")

    wrong = list(follow_as(ClusterReader(tmp_path, team, cluster.torch), page, on_cluster=True))

    assert not wrong, "\n".join(wrong)

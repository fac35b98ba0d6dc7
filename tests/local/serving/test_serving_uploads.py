"""Pictures from strangers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.home import Home
from support.pictures import bomb, picture
from support.processes import carrying
from support.serving import Server

pytest.importorskip("PIL.Image")

APP = """
from rankzero.serving import Gallery, Image, Picture

class Faces:
    input = Image(max_pixels=9_000_000)
    output = Gallery()
    def predict(self, batch):
        return [[Picture(one.resize((4, 4)), "small", distance=0.5)] for one in batch]
"""
#: So many at once; all of them in memory, decoded, would take more than this (bytes).
SENT, MOST = 16, 350 << 20


def test_hostile_uploads_are_refused_and_many_large_ones_fit(home: Home) -> None:
    home.script(APP, "app.py")
    server = Server(home, "app.py:Faces", "--batch-wait-ms", "50").wait()
    for body, media, status in (
        (b"", "image/png", 400),
        (bomb(10_000, 10_000), "image/png", 413),
        (picture("GIF"), "image/jpeg", 415),
        (picture("PNG", (900, 900))[:-40], "image/png", 400),
        (b"x" * 3_000_000, "image/png", 415),
        (picture("PNG"), "image/png", 200),
    ):
        found = server.predict(body, media)
        assert found.status == status, found
    assert found.json["output"][0]["distance"] == 0.5

    large = picture("PNG", (3000, 3000)) + b"\0" * 4_000_000
    with ThreadPoolExecutor(SENT) as pool:
        sent = [pool.submit(server.predict, large, "image/png") for _ in range(SENT)]
        assert {one.result().status for one in sent} == {200}
    assert peak(home) < MOST


def peak(home: Home) -> int:
    """The most that a worker ever had (bytes)."""
    workers = [one for one in carrying(home.state) if "worker import" in " ".join(one.arguments)]
    status = Path(f"/proc/{workers[0].pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

"""The archive in which a model server travels, in an interpreter that has none of its packages."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import pytest

from rankzero.agent import exits
from rankzero.agent.server import CONFIG
from rankzero.code.server_zip import server_zip
from support.waiting import PATIENCE, until

pytest.importorskip("starlette")

PREDICTOR = """
import typing_extensions

class Predictor:
    def predict(self, batch):
        return [[one, typing_extensions.__file__] for one in batch]
"""


class Pod:
    """A folder as a pod has it, and an interpreter of its own, as an image has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "image", with_pip=False, symlinks=True)
        (self.packages,) = (folder / "image" / "lib").glob("python*/site-packages")
        (folder / "server.zip").write_bytes(server_zip())
        (folder / "work").mkdir()
        (folder / "work" / "app.py").write_text(PREDICTOR)

    def has(self, name: str, version: str) -> None:
        """The image has a package, of some version, which holds nothing."""
        (self.packages / f"{name}.py").write_text("")
        info = self.packages / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    def start(self, **settings: object) -> subprocess.Popen[bytes]:
        served = {"predictor": "app.py:Predictor", "port": 0, "access_log": False, **settings}
        config = {
            "settings": served,
            "settings_file": str(self.folder / "serve.json"),
            "program": str(self.folder / "program"),
            "workdir": str(self.folder / "work"),
            "unpack": [],
        }
        command = [self.folder / "image" / "bin" / "python", self.folder / "server.zip"]
        clean = {key: one for key, one in os.environ.items() if key != "PYTHONPATH"}
        clean[CONFIG] = json.dumps(config)
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(command, stdout=said, stderr=said, env=clean)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


@pytest.mark.parametrize(("version", "ours"), [("0.1", True), ("99.0", False)])
def test_of_a_package_that_the_image_has_too_the_newer_one_counts(
    pod: Pod, version: str, ours: bool
) -> None:
    pod.has("typing_extensions", version)
    process = pod.start()
    try:
        if not ours:  # ours has what the server needs; that one, which holds nothing, has not
            assert process.wait(PATIENCE) == exits.JOB_FAILED
            assert str(pod.packages) in pod.said
            return
        until(lambda: "is served at" in pod.said or process.poll() is not None, "the server")
        found = re.search(r"is served at (http://\S+)", pod.said)
        assert found, pod.said
        json_type = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{found[1]}/predict", b"7", json_type)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            value, file = json.loads(answer.read())["output"]
        assert value == 7 and file.startswith(str(pod.folder / "program"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == exits.DONE
    finally:
        process.kill()
        process.wait()


def test_a_python_that_is_too_old_is_named(pod: Pod) -> None:
    program = pod.folder / "program"
    program.mkdir()  # as it is there when a container starts again
    (program / "packages.json").write_text('{"python": [9, 9], "packages": {}}')
    process = pod.start()

    assert process.wait(PATIENCE) == exits.REFUSED
    assert "the server that was sent needs 9.9 or newer" in pod.said


def test_what_cannot_be_unpacked_is_said(pod: Pod) -> None:
    missing = {"parts": str(pod.folder / "nothing"), "digest": "ab", "into": str(pod.folder / "x")}
    config = {"settings": {}, "settings_file": "", "program": "", "workdir": str(pod.folder / "w")}
    command = [sys.executable, str(pod.folder / "server.zip")]
    told = {**os.environ, CONFIG: json.dumps({**config, "unpack": [missing]})}
    done = subprocess.run(command, env=told, capture_output=True, text=True)

    assert done.returncode == exits.REFUSED
    assert "cannot unpack what travelled" in done.stderr

"""Model servers as their users start them, each on a free port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.waiting import until

_SAID = re.compile(r"http://127\.0\.0\.1:\d+")


class Served:
    """`rankzero serve` of a predictor. url: where it can be reached, without a slash at its end."""

    def __init__(self, folder: Path, target: str, *options: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "server.log"
        clean = {name: value for name, value in os.environ.items() if "RANKZERO" not in name}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rankzero", "serve", target, "--port", "0", *options],
                cwd=folder,
                env={**clean, "XDG_STATE_HOME": str(folder), "NO_COLOR": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.url = until(self._address, f"the server's address in {self._log}")

    def _address(self) -> str | None:
        said = self._log.read_text(errors="replace")
        found = _SAID.search(said)
        assert found or self.process.poll() is None, said
        return found and found[0]

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()

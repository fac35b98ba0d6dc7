"""Model servers, each on a port that was free: the server itself finds it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from support.waiting import until

_SAID = re.compile(r"http://127\.0\.0\.1:\d+")


class Served:
    """A predictor's server, with `serving.settings.Settings`. url: where it can be reached, without
    a slash at its end. It is ready, unless it was given a port."""

    def __init__(self, folder: Path, predictor: str, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config, self._log = folder / "server.json", folder / "server.log"
        config.write_text(json.dumps({"predictor": predictor, "port": 0, **settings}))
        clean = {name: value for name, value in os.environ.items() if "RANKZERO" not in name}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rankzero.serving", str(config)],
                cwd=folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        port = settings.get("port")
        self.url = f"http://127.0.0.1:{port}"
        if port is None:  # then it is said when all is ready
            self.url = until(self._address, f"the server's address in {self._log}")
        else:
            until(lambda: self._listens(port), f"a server on port {port}")

    def _address(self) -> str | None:
        said = self._log.read_text(errors="replace")
        found = _SAID.search(said)
        assert found or self.process.poll() is None, said
        return found and found[0]

    def _listens(self, port: object) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", int(str(port)))) == 0

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()

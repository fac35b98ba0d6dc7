"""Pages of real servers in a real browser."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from support import browser, debian
from support.browser import Browser, Page
from support.home import Home
from support.serving import Server
from support.waiting import until

PREDICTORS = Path(__file__).with_name("predictors.py")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker; its first user may wait for it to be installed."""
    with browser.started(debian.program(browser.found, "chromium")) as made:
        yield made


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page without cookies, storage or cache."""
    with chromium.page() as made:
        made.screen(1280, 900)
        yield made


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    home = Home(tmp_path_factory.mktemp("served"))
    yield cache(lambda name: Server(home, f"{PREDICTORS}:{name}").wait())
    home.close()


@pytest.fixture
def served(_shared: Callable[[str], Server]) -> Callable[[str], str]:
    """The address of a predictor's server, which tests of a worker share: they only ask it."""
    return lambda name: address(_shared(name))


@pytest.fixture
def serve(home: Home) -> Callable[..., str]:
    """The address of a server of the test's own: serve(name, *options). Where its port is given,
    its model need not be there yet."""

    def start(name: str, *options: str, port: int = 0) -> str:
        server = Server(home, f"{PREDICTORS}:{name}", *options, port=port)
        if port:
            until(lambda: listens(port), f"a server on port {port}")
        else:
            server.wait()
        return address(server)

    return start


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of the collection, as a file."""
    from .predictors import scene

    path = tmp_path / "sea.png"
    scene("Morning at sea", 64).save(path)
    return path

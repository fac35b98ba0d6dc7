"""Pages of real servers in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import browser, debian
from support.browser import Browser, Page
from support.served import Served

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


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    made: dict[str, Served] = {}
    yield made
    for one in made.values():
        one.close()


@pytest.fixture
def served(
    _servers: dict[str, Served], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """The address of a predictor's server, which tests of a worker share: they only ask it."""

    def start(name: str) -> str:
        if name not in _servers:
            folder = tmp_path_factory.mktemp("served")
            _servers[name] = Served(folder, f"{PREDICTORS}:{name}")
        return _servers[name].url

    return start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts a server of the test's own: serve(name, **settings)."""
    made: list[Served] = []

    def start(name: str, **settings: object) -> Served:
        folder = tmp_path / f"server-{len(made)}"
        made.append(Served(folder, f"{PREDICTORS}:{name}", **settings))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of the collection, as a file."""
    from .predictors import scene

    path = tmp_path / "sea.png"
    scene("Morning at sea", 64).save(path)
    return path

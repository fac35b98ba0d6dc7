"""A real loop that runs until something has happened, and never longer than a test may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rankzero.agent.loop import Loop

_PATIENCE = 20.0


class Turning(Loop):
    """A loop with an end."""

    def until(self, condition: Callable[[], object]) -> None:
        """Run until the condition holds, looking at it after every round."""

        def overdue() -> None:
            raise AssertionError(f"{condition} did not come true within {_PATIENCE:g} s")

        def look() -> None:
            if condition():
                self.stop()
            else:
                self.after(0.001, look)

        guard = self.after(_PATIENCE, overdue)
        look()
        if not condition():
            self.run()
        guard.cancel()


@pytest.fixture
def loop() -> Turning:
    return Turning()

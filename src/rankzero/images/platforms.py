"""What an image is for: an operating system and a kind of processor, as registries and as wheels
call them."""

from __future__ import annotations

import platform
from typing import NamedTuple

from rankzero.errors import BadRequest

#: Registries' names of processors, and wheels'.
_WHEELS = {"amd64": "x86_64", "arm64": "aarch64"}
_REGISTRIES = {wheels: name for name, wheels in _WHEELS.items()}
#: The newest C library that wheels may want: Debian 10's, which all images in use have.
_GLIBC, _MUSLLIBC = range(28, 4, -1), range(2, 0, -1)


class Platform(NamedTuple):
    """architecture: as registries call it."""

    architecture: str

    def __str__(self) -> str:
        return f"linux/{self.architecture}"

    def tags(self, musl: bool) -> list[str]:
        """What wheels may be made for, the best first: PEP 600, PEP 656. Errors: BadRequest where
        nobody makes any for it."""
        machine = self._machine()
        if musl:
            return [f"musllinux_1_{minor}_{machine}" for minor in _MUSLLIBC]
        old = [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")]
        return [*(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC), *old, f"linux_{machine}"]

    def for_uv(self, musl: bool) -> str:
        """As uv calls it. Errors: BadRequest."""
        machine = self._machine()
        return f"{machine}-unknown-linux-musl" if musl else f"{machine}-manylinux_2_28"

    def _machine(self) -> str:
        """A base may be for any; which, is known only once it is read."""
        if self.architecture not in _WHEELS:
            raise BadRequest(
                f"no packages can be laid on an image for {self}: there are wheels for "
                f"{' and '.join(f'linux/{name}' for name in _WHEELS)}.",
                "Name a base that has them, and leave --requirements out; or another base: --base",
            )
        return _WHEELS[self.architecture]


def parse(text: str) -> Platform:
    """`linux/amd64`, or `amd64`. Errors: BadRequest."""
    system, slash, architecture = text.rpartition("/")
    spelled = _REGISTRIES.get(architecture, architecture)
    if (slash and system != "linux") or spelled not in _WHEELS:
        known = ", ".join(f"linux/{name}" for name in _WHEELS)
        raise BadRequest(f'"{text}" is no platform that can be built for.', f"There is: {known}")
    return Platform(spelled)


def usual(there: list[str]) -> str:
    """Of several, what most clusters are; else what this machine is; else the first."""
    mine = _REGISTRIES.get(platform.machine(), "")
    return next((one for one in ("amd64", mine) if one in there), there[0])

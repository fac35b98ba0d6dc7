"""Artifacts on this machine: what steps handed on, each under the digest of its content.

An artifact is put there by one rename, once the disk has all of it, and never changes; equal ones
are there once. Who takes or finds one holds the store's lock with others until a ledger names it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from rankzero.agent.artifacts import measured
from rankzero.backends.local.lock import Lock
from rankzero.driver.facts import Output, outputs_of, plain
from rankzero.pipelines import content

_GONE = ".gone-"


class Store:
    """root: a folder of the store's own. It also holds the cache: keys with their outputs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._artifacts, self._keys = root / "artifacts", root / "keys"
        for folder in (self._artifacts, self._keys):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (root / "lock").touch(mode=0o600)
        self.lock = Lock(root / "lock")

    def take(self, path: Path) -> Output:
        """Make a file or folder an artifact; it is gone from `path` then. A link to an artifact, as
        steps find their inputs, is that one.

        Errors: BadOutput for what is neither, or holds what is neither; OSError.
        """
        if path.is_symlink() and path.resolve().parent == self._artifacts.resolve():
            there = path.resolve(strict=True)
            return Output(there.name, str(there), size=content.weight(there))
        content.own(path)
        digest, size = measured(str(path))
        content.settle(path)
        there = self._artifacts / digest
        if there.exists():
            content.remove(path)
        else:
            path.rename(there)
            content.sync(self._artifacts)
        # A folder that nobody may write to could not have been moved by just anybody.
        there.chmod(there.stat().st_mode & ~0o222)
        return Output(digest, str(there), size=size)

    # -- the cache

    def find(self, key: str) -> Mapping[str, Output] | None:
        """What was kept under a key, where all of it is still there."""
        outputs = self._read(key)
        if outputs is None or any(
            one.where and not Path(one.where).exists() for one in outputs.values()
        ):
            return None
        return outputs

    def keep(self, key: str, outputs: Mapping[str, Output]) -> None:
        """Errors: OSError."""
        text = json.dumps(plain(outputs))
        draft = self._keys / f".{key}-{os.getpid()}"
        draft.write_text(text, encoding="utf-8")
        draft.rename(self._keys / key)

    # -- taking away

    def sweep(self, kept: set[str]) -> int:
        """Remove every artifact that is not among these, and the keys that lead to it first.

        Returns the bytes that went; nothing goes while somebody else works with the store.
        Errors: OSError.
        """
        with self.lock.alone() as alone:
            if not alone:
                return 0
            for path in self._keys.iterdir():
                outputs = self._read(path.name)
                if outputs is None or not kept.issuperset(
                    one.where for one in outputs.values() if one.where
                ):
                    path.unlink(missing_ok=True)
            left = [path for path in self._artifacts.iterdir() if str(path) not in kept]
            return sum(map(self._remove, left))

    def _remove(self, path: Path) -> int:
        size = content.weight(path)
        gone = path
        if not path.name.startswith(_GONE):
            gone = path.with_name(_GONE + path.name)
            content.writable(path)
            path.rename(gone)  # half of one must not be found under its name
        content.remove(gone)
        return size

    def _read(self, key: str) -> Mapping[str, Output] | None:
        """None for what is no key, or damaged."""
        try:
            return outputs_of(json.loads((self._keys / key).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError):
            return None

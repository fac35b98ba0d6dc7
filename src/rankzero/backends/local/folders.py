"""Named volumes of this machine: folders under the state directory, each with what it was asked
to be. A size is noted, and not enforced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rankzero.agent.worded import in_words
from rankzero.backends.home import state_home
from rankzero.backends.local.drafts import draft_of, sweep, write
from rankzero.errors import Refused

_CLAIM, _DATA = "claim.json", "data"


class Folders:
    """All of this user's."""

    def __init__(self, home: Path | None = None) -> None:
        self.path = (home or state_home()) / "volumes"

    def data(self, name: str) -> Path:
        """What the volume holds, whether it is there or not."""
        return self.path / name / _DATA

    def names(self) -> Iterator[str]:
        if self.path.is_dir():
            found = (one for one in self.path.iterdir() if not one.name.startswith("."))
            yield from sorted(one.name for one in found if (one / _DATA).is_dir())

    def claim(self, name: str) -> dict[str, Any] | None:
        """As it was asked for, in a cluster's words; None where there is none. Errors: Refused."""
        if not self.data(name).is_dir():
            return None
        file = self.path / name / _CLAIM
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(found, dict) or "spec" not in found:
                raise ValueError("it is no claim")
        except (OSError, ValueError) as error:
            raise Refused(f"cannot look at the volume {name}: {file}: {in_words(error)}") from error
        return found

    def make(self, claim: Mapping[str, Any]) -> bool:
        """Whether it was not there yet. Errors: Refused."""
        name = claim["metadata"]["name"]
        folder = self.path / name
        draft = draft_of(folder)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep(self.path)
            if folder.exists():
                return False
            (draft / _DATA).mkdir(parents=True)
            write(draft / _CLAIM, json.dumps(claim, indent=1))
            draft.rename(folder)
        except FileExistsError:  # another command was first
            return False
        except OSError as error:
            raise Refused(f"cannot make the volume {name}: {in_words(error)}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return True

    def remove(self, name: str) -> None:
        """Errors: Refused."""
        gone = draft_of(self.path / name, "deleted-")
        try:
            (self.path / name).rename(gone)  # cut short it leaves no half of a volume
            shutil.rmtree(gone)
        except OSError as error:
            raise Refused(f"cannot delete the volume {name}: {in_words(error)}") from error

"""What earlier runs of a pipeline have handed on, as it was known when this one began."""

from typing import Any, Dict, Mapping, Optional

from rankzero.driver.facts import Output, outputs_of


class Known:
    """See `driver.walk.Cache`. What this run hands on is found by later ones in its ledger, where
    each commit has its key.

    known: outputs as plain data, by their keys.
    """

    def __init__(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        self._known: Dict[str, Mapping[str, Output]] = {
            key: outputs_of(outputs) for key, outputs in known.items()
        }

    def find(self, key: str) -> Optional[Mapping[str, Output]]:
        return self._known.get(key)

    def keep(self, key: str, step: str, outputs: Mapping[str, Output]) -> None:
        self._known[key] = outputs

    def flush(self) -> None:
        pass

"""What stands for the `${...}` of a step's texts while it is done, and its environment. Pure."""

import json
import posixpath
from typing import Any, Dict, Mapping

from rankzero.driver.engine import Given, Start
from rankzero.driver.facts import Output
from rankzero.driver.filling import filled
from rankzero.driver.graph import PATH, Step


class Words:
    """kinds: of each input, `path` or `value`. inputs, outputs: the folders where it finds what it
    takes, and leaves what it hands on."""

    def __init__(
        self, step: Step, start: Start, kinds: Mapping[str, str], inputs: str, outputs: str
    ) -> None:
        self._said: Dict[str, str] = {
            "outputs." + name: posixpath.join(outputs, name) for name in step.gives
        }
        for name, given in start.inputs.items():
            place = posixpath.join(inputs, name)
            self._said["inputs." + name] = _text(place, given, kinds[name])
        if step.fans_out:
            self._said["item"] = _item(start.item)
            if isinstance(start.item, dict):
                for key, one in start.item.items():
                    self._said["item." + key] = _item(one)
        env = step.body.get("env", {})
        self.environment: Dict[str, str] = {
            # What a step has said before it is ended is why.
            "PYTHONUNBUFFERED": "1",
            **{name: self.fill(text) for name, text in env.items()},
            "RANKZERO_INPUTS": inputs,
            "RANKZERO_OUTPUTS": outputs,
        }
        if step.fans_out:
            self.environment["RANKZERO_ITEM"] = self._said["item"]

    def fill(self, text: str) -> str:
        return filled(text, lambda name: self._said[name])

    def fill_all(self, data: Any) -> Any:
        """Plain data with all its texts filled in."""
        if isinstance(data, str):
            return self.fill(data)
        if isinstance(data, dict):
            return {self.fill(key): self.fill_all(one) for key, one in data.items()}
        return [self.fill_all(one) for one in data] if isinstance(data, list) else data


def _text(place: str, given: Given, kind: str) -> str:
    """A value is itself, and many are a list in JSON. A path is the artifact's own, no link to it:
    a copy of that is to be a copy; many are a folder of them."""
    if isinstance(given, Output):
        return given.where if kind == PATH else given.value
    return place if kind == PATH else json.dumps([one.value for one in given])


def _item(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item)

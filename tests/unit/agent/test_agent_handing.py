"""What a part of a pipeline takes and hands on in its pod."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import exits, handing, testament
from rankzero.agent.config import AgentConfig, Command
from rankzero.contracts.topology import Settings


class Pod:
    """The files of one, as an agent that has succeeded leaves them."""

    def __init__(self, folder: Path) -> None:
        self.outputs, self.message = folder / "outputs", folder / "message"
        self.draft = folder / "draft"
        self.inputs = folder / "inputs"
        self.outputs.mkdir()
        self.left(state="succeeded", cause=None, exit_code=0)

    def left(self, **outcome: Any) -> None:
        self.draft.write_text(json.dumps(outcome))

    def ends(self, code: int = exits.DONE, listen: str | None = "any", **gives: str) -> int:
        config = AgentConfig(
            run="r",
            role="worker",
            index=0,
            roles=(),
            settings=Settings(run="r", framework="plain"),
            command=Command("command", "true"),
            coordinator="",
            token_file="",
            folder="",
            outputs=str(self.outputs),
            workdir="",
            python="",
            listen=listen,
            termination_file=str(self.message),
            step={"inputs": {}, "folder": str(self.inputs), "gives": gives},
        )
        return handing.hand_on(config, str(self.draft), code)

    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.message.read_text())
        return found


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_files_and_values_are_handed_on_with_their_digests(pod: Pod) -> None:
    (pod.outputs / "model").mkdir()
    (pod.outputs / "model" / "weights").write_bytes(b"12345")
    (pod.outputs / "score").write_text("0.93\n")
    assert pod.ends(model="path", score="value") == exits.DONE
    handed = pod.said()[handing.HANDED]
    assert handed["score"]["value"] == "0.93"
    assert (handed["model"]["where"], handed["model"]["size"]) == (str(pod.outputs / "model"), 5)
    assert len(handed["model"]["digest"]) == 64
    assert pod.said()["state"] == "succeeded"


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        (None, "value", r"its output `x` was not written: .*/outputs/x"),
        (None, "path", r"its output `x` was not written"),
        (b"\xff", "value", "is no file with UTF-8 text"),
        (b"v" * 5000, "value", r"values take 5106 bytes, and a pod can tell 3584; hand on a f"),
    ],
)
def test_a_run_whose_outputs_cannot_be_handed_on_has_failed(
    pod: Pod, text: bytes | None, kind: str, cause: str
) -> None:
    if text is not None:
        (pod.outputs / "x").write_bytes(text)
    assert pod.ends(x=kind) == exits.RUN_FAILED
    said = pod.said()
    assert said["state"] == "failed"
    assert said["cause"]["kind"] == "outputs"
    assert re.search(cause, said["cause"]["message"])
    assert len(pod.message.read_bytes()) < testament.LIMIT


def test_only_the_first_node_of_one_that_succeeded_hands_on(pod: Pod) -> None:
    assert pod.ends(listen=None, x="value") == exits.DONE
    assert handing.HANDED not in pod.said()
    assert pod.ends(code=exits.RUN_FAILED, x="value") == exits.RUN_FAILED
    assert handing.HANDED not in pod.said()
    pod.left(state="stopped", cause=None, exit_code=1)
    assert pod.ends(x="value") == exits.DONE
    assert pod.said()["state"] == "stopped"


def test_what_comes_in_lies_in_one_folder_by_its_names(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("rows")
    data = {"digest": "d", "where": str(tmp_path / "data")}
    step = {
        "folder": str(tmp_path / "in"),
        "inputs": {"data": data, "note": {"digest": "n", "value": "hi"}, "all": [data, data]},
    }
    assert handing.take_in(step) is None
    assert (tmp_path / "in" / "data").read_text() == "rows"
    assert (tmp_path / "in" / "note").read_text() == "hi\n"
    assert (tmp_path / "in" / "all" / "1").read_text() == "rows"
    assert handing.take_in(step) is None, "a pod that is started again finds it there"


def test_what_is_gone_is_named(tmp_path: Path) -> None:
    gone = {"digest": "d", "where": str(tmp_path / "data")}
    step = {"folder": str(tmp_path / "in"), "inputs": {"data": gone}}
    said = f"its input `data` is gone: there is no {tmp_path / 'data'} (do the step that made it"
    assert (handing.take_in(step) or "").startswith(said)


def test_one_that_died_before_its_end_tells_nothing(pod: Pod) -> None:
    pod.draft.unlink()
    assert pod.ends(code=exits.RUN_FAILED, x="value") == exits.RUN_FAILED
    assert not pod.message.exists()

"""The digits' server, from the training to its answers."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from support.home import Home

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.torch
def test_what_was_trained_is_served_and_knows_its_samples(home: Home) -> None:
    script = str(EXAMPLES / "digits" / "train.py")
    options = ("--outputs", "digits", "--max-restarts", "1", "--", "--epochs", "4")
    # On a busy machine threads wait for each other longer than one of them takes.
    alone = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    trained = home.start("run", script, *options, env=alone).wait(120)
    assert trained.code == 0, trained.out + trained.err

    app = f"{EXAMPLES / 'serve-digits' / 'app.py'}:Digits"
    said = home.start(
        "serve", app, "--model", str(home.work / "digits"), "--check", env=alone
    ).wait(120)

    assert said.code == 0, said.out + said.err
    answers = re.findall(r"^a (\d): (\[.*\])$", said.out, re.M)
    assert [digit for digit, _ in answers] == [str(digit) for digit in range(10)]
    best = [json.loads(labels)[0]["label"] for _, labels in answers]
    assert sum(label == digit for label, (digit, _) in zip(best, answers, strict=True)) >= 8


@pytest.mark.torch
def test_an_empty_page_is_no_digit_and_ink_may_be_dark_or_bright(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numpy, image = pytest.importorskip("numpy"), pytest.importorskip("PIL.Image")
    monkeypatch.syspath_prepend(str(EXAMPLES / "serve-digits"))
    sys.modules.pop("app", None)  # another example has one as well
    app = importlib.import_module("app")

    written = numpy.full((64, 64), 240, "uint8")
    written[8:56, 28:36] = 20

    dark, bright = (app.ink(image.fromarray(one)) for one in (written, 255 - written))
    assert dark is not None
    assert (dark == bright).all()
    assert dark.reshape(8, 8)[2].argmax() in (3, 4)
    assert app.ink(image.new("L", (64, 64), 250)) is None

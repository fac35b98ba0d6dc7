"""A predictor tried without a server: does it load, and predict its own samples?"""

from __future__ import annotations

import io
import json
from typing import Any

from rankzero.agent import exits
from rankzero.errors import Error, RunFailed
from rankzero.serving.app.predict import pack
from rankzero.serving.batching.working import Failed, work
from rankzero.serving.failing import told
from rankzero.serving.predictors import Predictor
from rankzero.serving.settings import Settings

#: What of an output is shown (characters).
_SHOWN = 200


def try_samples(settings: Settings) -> int:
    """Print what it takes and gives, and each sample with its output. Errors: BadRequest; RunFailed
    where it cannot be loaded, or a sample not be predicted."""
    try:
        predictor = Predictor(settings.predictor)
        predictor.load(settings.model)
        samples = predictor.samples()
    except Error:
        raise
    except Exception as error:  # whatever the user's code raises
        raise RunFailed(told(error, settings.predictor)["message"]) from error
    _print(f"{predictor.name} takes {predictor.input.kind} and gives {predictor.output.kind}.")
    for name, sampled in samples:
        value = predictor.input.decode(io.BytesIO(sampled.body), sampled.media)
        result = work(predictor, [value], pack).results[0]
        if isinstance(result, Failed):
            raise RunFailed(f"{name}: {_why(result, settings.predictor)}") from result.error
        _print(f"{name}: {_short(json.loads(result)['output'])}")
    if not samples:
        _print("It has no samples to try: see samples() in the guide on serving.")
    return exits.DONE


def _why(failed: Failed, target: str) -> str:
    if failed.whose == "code":
        return str(told(failed.error, target)["message"]).replace("cannot be loaded", "failed", 1)
    return f"{failed.error}."


def _short(output: Any) -> str:
    text = json.dumps(output, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."


def _print(line: str) -> None:
    print(line)  # noqa: T201

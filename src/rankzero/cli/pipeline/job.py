"""The process of a step that is a job: it runs the job, attached, and ends as that ends."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """`... FILE`, which holds `job`, as `Job.to_json` gave it, and where its `outputs` go; the
    run's id comes beside it."""
    from rankzero.agent import exits
    from rankzero.errors import Error

    file = Path(sys.argv[1])
    os.environ.pop("FORCE_COLOR", None)
    try:
        sys.exit(_run(file))
    except Error as error:
        print(f"{error}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)


def _run(file: Path) -> int:
    from rankzero import backends
    from rankzero.backends.places import Where
    from rankzero.cli.submit import Way, go
    from rankzero.errors import BadRequest
    from rankzero.pipelines.commands import FAILURE, RUN
    from rankzero.spec import again

    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        job = again({**told["job"], "outputs": told["outputs"]})
    except ValueError as error:
        raise BadRequest(f"with what it takes it is no job: {error}") from None
    _, place = backends.to_run(Where("local"), backends.config())
    backend = backends.at(place)
    plan = backend.plan(job, preflight=True, wait_for_nodes=False)
    file.with_name(RUN).write_text(plan.run, encoding="utf-8")
    code = go(backend, plan, Way())
    cause = backend.run(plan.run).history.cause or {}
    if code and cause.get("kind") == "rank-failed":
        file.with_name(FAILURE).write_text(json.dumps(cause), encoding="utf-8")
    return code

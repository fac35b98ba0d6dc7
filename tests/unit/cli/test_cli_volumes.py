"""What the command line takes and says of what stays on volumes."""

from __future__ import annotations

import pytest

from rankzero.agent.history import History
from rankzero.cli.delete import _left
from rankzero.cli.moments import span
from rankzero.cli.show.ending import say_end
from rankzero.errors import BadRequest
from rankzero.why import Facts

WELL = History(state="succeeded", submitted=10.0, finished=21.2, world_size=4)
JOB = {
    "log_volume": "team",
    "output_volume": "results",
    "volumes": {"results": {"claim": "disk", "path": "/r", "sub_path": "runs"}},
}


@pytest.mark.parametrize("verb", ["logs", "outputs"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("any-0000", "--image", "a"), "--image and --user are those of the pod"),
        (("any-0000", "--volume", "c", "--user", "me"), '--user: "me" is no user; write 1000'),
        (("any-0000", "--wait", "soon"), '--wait: "soon" must be a time'),
        (("Any", "--volume", "c"), '"Any" is no run\'s id: of one that is gone, write the whole'),
        (("any-0000", "--volume", "c", "--on", "local"), "This machine has no volume c."),
    ],
)
def test_a_request_that_makes_no_sense(rankzero, verb, words, said):
    option = {"logs": "--log-volume", "outputs": "--output-volume"}[verb]
    argv = [option if word == "--volume" else word for word in words]
    code, out, err = rankzero(verb, *argv)
    assert (code, out) == (2, "")
    assert said in err


def test_lines_of_a_volume_are_those_of_named_runs(rankzero):
    code, _, err = rankzero("logs", "--log-volume", "c")
    assert (code, "Name it by its whole id" in err) == (2, True)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("3m", 180), ("2h", 7200)])
def test_times_to_wait(text, seconds):
    assert span(text, "--wait") == seconds
    with pytest.raises(BadRequest, match="--wait"):
        span(text + "x", "--wait")


def test_the_end_says_where_outputs_stay(paper):
    screen, sheet = paper()
    say_end(screen, Facts("any-0000", WELL, {"backend": "kubernetes", "job": JOB}), None, None)
    assert sheet.text() == (
        "✓ succeeded in 11.2 s · outputs: volume:disk/runs/any-0000/outputs; "
        "fetch: rankzero outputs any-0000\n"
    )


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ({"claim": "models", "sub_path": "team/a"}, "volume:models/team/a/any-0000/outputs; "),
        ({"nfs": "files:/exports"}, "on volume results; "),
    ],
)
def test_the_end_says_where_on_a_claim_outputs_stay(paper, volume, said):
    screen, sheet = paper()
    plan = {"backend": "kubernetes", "job": {**JOB, "volumes": {"results": volume}}}
    say_end(screen, Facts("any-0000", WELL, plan), None, None)
    assert f"outputs: {said}fetch" in sheet.text()


def test_a_laptop_has_no_volumes_to_speak_of(paper):
    plan = {"backend": "local", "job": JOB}
    screen, sheet = paper()
    say_end(screen, Facts("any-0000", WELL, plan), None, None)
    assert "volume" not in sheet.text()
    assert list(_left(plan, "any-0000")) == []


def test_who_deletes_a_run_is_told_what_stays_and_how_it_is_found():
    assert list(_left({"backend": "kubernetes", "job": JOB}, "any-0000")) == [
        "its logs stay on a volume: rankzero logs any-0000 --log-volume team",
        "its outputs stay on a volume: rankzero outputs any-0000 --output-volume disk/runs",
    ]
    assert list(_left({"backend": "kubernetes", "job": {}}, "any-0000")) == []

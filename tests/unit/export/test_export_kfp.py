"""The pipeline's step: what it fills in, what it takes from the API's answers, how it shows lines;
and what params are called in the pipeline."""

from __future__ import annotations

import copy
import http.client
import io
import time
import urllib.error
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.export.forms import files, noted
from rankzero.export.kfp import step, words
from rankzero.export.outline import outline
from rankzero.export.text import plainly

from .cases import CASES, job, made, marked, nodes


@given(st.text(st.sampled_from('{}" ranumps.x$\\')))
def test_what_a_user_wrote_stays_what_it_is_where_names_are_filled_in(text: str) -> None:
    names = step.meanings("run-1", ["a=b=c"])
    whole = {plainly(text): [plainly(text) + "{{ run }}", 3, None]}
    assert step.filled(whole, names) == {text: [text + "run-1", 3, None]}


def test_a_value_is_no_place_for_a_variable_or_another_name() -> None:
    names = step.meanings("run-1", ["lr=$(HOME) {{ run }}"])
    assert step.filled("x={{ params.lr }}", names) == "x=$$(HOME) {{ run }}"


def test_the_step_travels_as_a_word_in_which_nobody_fills_anything_in() -> None:
    text = str(files("kfp", noted("kfp", made()))["step.py"])
    assert "{{" not in text and "$" not in text
    assert len(text.encode()) < 128 * 1024  # what Linux takes as one word


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["lr", "LR", "a_b"], ["lr", "LR", "a_b"]),
        (["a-b", "a.b", "a_b"], ["a_b", "a_b_", "a_b__"]),
        (["class", "dsl", "step", "train"], ["class_", "dsl_", "step_", "train_"]),
        (["_x", "__", "_1"], ["x", "param", "param_1"]),
    ],
)
def test_params_have_names_that_python_takes_each_its_own(names, called) -> None:
    params = {name: {"type": "int", "value": 1} for name in names}
    outlined = noted("kfp", made(params=params))
    assert list(words.identifiers(outlined.job.params).values()) == called
    text = str(files("kfp", outlined)["pipeline.py"])
    compile(text, "pipeline.py", "exec")
    for name, one in zip(names, called, strict=True):
        assert f'f"--param={name}={{{one}}}"' in text


@pytest.mark.parametrize("name", CASES)
def test_every_pipeline_is_python(name: str) -> None:
    compile(files("kfp", noted("kfp", CASES[name]()))["pipeline.py"], "pipeline.py", "exec")


def test_limits_that_nobody_holds_are_told() -> None:
    params = {"lr": {"type": "float", "value": 1.0, "min": 0}, "tag": {"type": "str", "value": "x"}}
    told = {note.what: note.instead for note in noted("kfp", made(params=params)).notes}
    assert told["params: lr: min"] == "any float is taken"
    assert not [what for what in told if "tag" in what]
    assert "params: lr: min" not in {one.what for one in noted("yaml", made(params=params)).notes}


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": kind, "status": status, **more}]}}


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        ({}, None),
        ({"status": {"conditions": None}}, None),
        (condition("Suspended"), None),
        (condition("Failed", "False"), None),
        (condition("Complete"), True),
        (condition("SuccessCriteriaMet"), True),
        (condition("FailureTarget", reason="BackoffLimitExceeded"), "BackoffLimitExceeded: "),
        (condition("Failed", reason="DeadlineExceeded", message="x"), "DeadlineExceeded: x"),
    ],
)
def test_how_a_job_is(job: dict[str, Any], outcome: object) -> None:
    assert step.outcome(job) == outcome


def pod(rank: dict[str, Any], first: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """status: of the pod, beside its containers'."""
    init = [{"name": "code", **first}] if first else None
    containers = {"initContainerStatuses": init, "containerStatuses": [{"name": "rank", **rank}]}
    return {
        "metadata": {
            "uid": "1",
            "name": "x-worker-0-abcde",
            "labels": {step.ROLE: "worker"},
            "annotations": {step.INDEX: "0"},
        },
        "spec": {"nodeName": "node1"},
        "status": {**containers, **status},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def ended(code: int, reason: str = "Error", when: str = "state") -> dict[str, Any]:
    return {when: {"terminated": {"exitCode": code, "reason": reason}}}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (pod({"state": {"running": {}}}), ""),
        (pod(waiting("PodInitializing"), waiting("ContainerCreating")), ""),
        (
            pod(waiting("PodInitializing"), waiting("ImagePullBackOff", "no")),
            "ImagePullBackOff: no",
        ),
        (pod(waiting("CreateContainerConfigError", "no s")), "CreateContainerConfigError: no s"),
    ],
)
def test_why_a_pod_waits(found: dict[str, Any], why: str) -> None:
    assert step.waits(found) == why


def test_why_a_pod_has_no_machine() -> None:
    unplaced = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes"}
    assert step.waits({"status": {"conditions": [unplaced]}}) == "0/2 nodes"
    assert step.waits({"status": {}}) == ""


def test_what_has_failed_in_a_pod() -> None:
    assert list(step.failures(pod(ended(0)))) == []
    assert list(step.failures(pod(ended(137, "OOMKilled")))) == [
        "rank ended with 137 on node1 (OOMKilled)"
    ]
    again = pod({**ended(2, when="lastState"), "state": {"running": {}}})
    assert list(step.failures(again)) == ["rank ended with 2 on node1 (Error)"]
    evicted = pod(ended(143), ended(1), reason="Evicted", message="low on memory")
    assert list(step.failures(evicted)) == [
        "code ended with 1 on node1 (Error)",
        "rank ended with 143 on node1 (Error)",
        "Evicted: low on memory",
    ]


class Answering:
    """An API that is not there: it notes what is asked, and gives prepared answers to GETs."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[tuple[str, str, Any]]()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        self.asked.append((method, path, body))
        return {"items": self.answers.get("jobs" if "jobs" in path else "pods", [])}

    def open(self, method: str, path: str, body: Any = None, timeout: float = 0) -> io.BytesIO:
        self.asked.append((method, path, body))
        return io.BytesIO(self.answers.get("log", b""))


def test_lines_are_marked_and_a_connection_that_was_cut_goes_on_where_it_was(capfdbinary) -> None:
    first = b"2026-01-01T00:00:00.000000001Z one\n2026-01-01T00:00:00.000000002Z tw"
    api = Answering(log=first)
    lines, found = step.Lines(api), pod({"state": {"running": {}}})
    lines.follow(found)
    api.answers["log"] = first + b"o\n2026-01-01T00:00:01.000000000Z " + b"x" * 70000 + b"\n"
    lines.follow(found)
    assert "sinceTime=2026-01-01T00%3A00%3A00Z" in api.asked[1][1]
    long = b"[worker-0] " + b"x" * 70000 + b"\n"
    assert capfdbinary.readouterr().out == b"[worker-0] one\n[worker-0] tw\n" + long


def test_a_pod_is_asked_once_more_when_its_container_has_ended_and_then_no_more() -> None:
    api = Answering()
    lines, done = step.Lines(api), pod({**ended(0), "restartCount": 0})
    lines.look(pod(waiting("PodInitializing")))
    assert not api.asked
    lines.last([done])
    lines.last([done])
    assert len(api.asked) == 1
    lines.last([pod({**ended(0), "restartCount": 1})])
    assert len(api.asked) == 2


@pytest.mark.parametrize(("age", "limit", "held"), [(10, 900, False), (400, 900, True)])
def test_a_job_s_end_is_put_off_long_before_it_comes(age: int, limit: int, held: bool) -> None:
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
    job = {
        "metadata": {"name": "x-worker"},
        "spec": {"activeDeadlineSeconds": limit},
        "status": {"startTime": began},
    }
    api = Answering()
    run = step.Run(api, "x", [], [])
    run.hold(job)
    run.hold({**job, "status": {}})
    run.hold({**job, "status": {**condition("Complete")["status"], "startTime": began}})
    assert [method for method, *_ in api.asked] == ["PATCH"] * held
    if held:
        (_, _, change), *_ = api.asked
        assert change["spec"]["activeDeadlineSeconds"] >= age + step.LEASH


def test_a_job_that_somebody_deletes_is_told() -> None:
    objects = [{"kind": "Job", "metadata": {"name": f"x-{role}"}} for role in ("worker", "ps")]
    run = step.Run(Answering(), "x", objects, ["ps"])
    assert run.watch() == "x-worker has failed: it was deleted"


def test_it_is_over_when_all_are_done_that_end_by_themselves() -> None:
    objects = [{"kind": "Job", "metadata": {"name": f"x-{role}"}} for role in ("worker", "ps")]
    jobs = [{**one, "spec": {}} for one in objects]
    jobs[0] |= condition("Complete")
    assert step.Run(Answering(jobs=jobs), "x", objects, ["ps"]).watch() == ""


def test_an_answer_that_was_cut_off_is_asked_for_again(monkeypatch) -> None:
    """What runs well must not end because a proxy has closed a connection."""
    answers = [http.client.IncompleteRead(b"{"), io.BytesIO(b"<html>"), io.BytesIO(b'{"a": 1}')]

    class Cut(step.Api):
        def __init__(self) -> None:
            pass

        def open(self, *_: object, **__: object) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(step, "LOOK", 0)
    assert Cut().ask("GET", "/x") == {"a": 1}
    assert answers == []


@pytest.mark.parametrize(
    ("said", "reason"), [('{"message": "no"}', "no"), ("[]", "[]"), ("<html>", "<html>")]
)
def test_what_the_api_says_of_a_refusal(said: str, reason: str) -> None:
    assert step.reason(said) == reason


def alone(**fields: Any) -> dict[str, str | bytes]:
    role = {"nodes": nodes(1), **fields.pop("role", {})}
    return files("kfp", noted("kfp", made(roles={"worker": role}, **fields)))


def test_one_pod_is_the_step_itself_and_nobody_needs_rights() -> None:
    written = alone()
    assert sorted(written) == ["README.md", "code.yaml", "pipeline.py"]
    text = str(written["pipeline.py"])
    assert "run_as_user=1000" in text and 'step.set_env_variable("RANK", "0")' in text
    assert "cp -rL /code/..data/. /work && cd /work && " in text
    assert "account.yaml" not in str(written["README.md"])


@pytest.mark.parametrize(
    "fields",
    [
        {"max_restarts": 1},
        {"isolate": True},
        {"queue": "gpus"},
        {"pod": {"hostNetwork": True}},
        {"api": [{"resources": ["pods"], "verbs": ["get"]}]},
        {"service_account": "mine"},
        {"env_from": [{"secret": "aws"}]},
        {"grace": 5.0},
        {"args": ("{{ x }}",)},
        {"args": ("{" + marked("a"),), "params": {"a": {"type": "int", "value": 1}}},
        {"output_volume": "best"},
        {"role": {"priority_class": "high"}},
        {"role": {"resources": {"example.com/a": "1", "example.com/b": "1"}}},
        {"volumes": {"data": {"claim": "mnist", "path": "/data"}}},
        {
            "volumes": {"data": {"claim": "mnist", "path": "/data", "read_only": True}},
            "role": {"user": "image"},
        },
        {"files": {"train.py": b"", **{f"data/{'x' * 200}{at:03}": b"x" for at in range(250)}}},
    ],
    ids=lambda fields: next(reversed(fields)),
)
def test_what_the_sdk_has_no_words_for_is_a_job_s(fields: dict[str, Any]) -> None:
    assert "jobs.yaml" in alone(**fields)


def test_code_that_lies_in_the_image_is_started_where_it_is() -> None:
    job_ = job(roles={"worker": {"nodes": nodes(1)}})
    written = files("kfp", noted("kfp", outline(job_, "plain", None, "/my app")))
    assert sorted(written) == ["README.md", "pipeline.py"]
    assert "cd '/my app' && exec" in str(written["pipeline.py"])
    assert "kubectl apply" not in str(written["README.md"])


def test_tensorflow_s_only_task_knows_its_number() -> None:
    written = files("kfp", noted("kfp", made("tensorflow", roles={"worker": {"nodes": nodes(1)}})))
    assert "localhost:2222" in str(written["pipeline.py"])
    assert "TASK_INDEX)" not in str(written["pipeline.py"])


OBJECTS = [
    {"kind": kind, "metadata": {"name": name}, "spec": {}}
    for kind, name in (("Service", "x"), ("Job", "x-worker"), ("NetworkPolicy", "x-alone"))
]


def test_what_is_made_goes_with_the_step_also_where_it_is_killed() -> None:
    api, owner = Answering(), {"kind": "Pod", "uid": "1"}
    step.Run(api, "x", copy.deepcopy(OBJECTS), []).make(owner)
    assert [(method, path) for method, path, _ in api.asked] == [
        ("POST", step.KINDS[one["kind"]]) for one in OBJECTS
    ]
    bodies = [body for _, _, body in api.asked]
    assert all(body["metadata"]["ownerReferences"] == [owner] for body in bodies)
    assert [body["spec"].get("activeDeadlineSeconds") for body in bodies] == [
        None,
        step.LEASH,
        None,
    ]


def test_what_cannot_be_taken_away_is_told_and_the_rest_is(capfdbinary) -> None:
    class Stuck(Answering):
        def open(self, method: str, path: str, body: Any = None, timeout: float = 0) -> io.BytesIO:
            super().open(method, path)
            codes = {"networkpolicies": 404, "jobs": 403}
            code = next((code for kind, code in codes.items() if kind in path), 0)
            if code:
                raise urllib.error.HTTPError(path, code, "no", http.client.HTTPMessage(), None)
            return io.BytesIO()

    api = Stuck()
    step.Run(api, "x", OBJECTS, []).end()
    assert [path.partition("?")[0].rpartition("/")[2] for _, path, _ in api.asked] == [
        *("x-alone", "x-worker", "x")
    ]
    assert capfdbinary.readouterr().out == b"x-worker stays for now: HTTP Error 403: no\n"


def test_what_has_failed_is_told_with_how_its_pods_ended(capfdbinary) -> None:
    jobs = [{**OBJECTS[1], **condition("Failed", reason="BackoffLimitExceeded", message="x")}]
    unplaced = pod(waiting("ImagePullBackOff", "no such image"))
    unplaced["metadata"] = {**unplaced["metadata"], "uid": "2"}
    api = Answering(jobs=jobs, pods=[pod(ended(137, "OOMKilled")), unplaced])
    assert step.Run(api, "x", OBJECTS, []).watch() == (
        "x-worker has failed: BackoffLimitExceeded: x\n"
        "  [worker-0] rank ended with 137 on node1 (OOMKilled)"
    )
    assert b"[worker-0] waits: ImagePullBackOff: no such image\n" in capfdbinary.readouterr().out


def test_who_waits_is_told_once(capfdbinary) -> None:
    run = step.Run(Answering(pods=[pod(waiting("ImagePullBackOff"))]), "x", [], [])
    run.look()
    run.look()
    assert capfdbinary.readouterr().out.count(b"waits") == 1


class Replying(step.Api):
    """An API that gives these answers, one after the other: a text, or a status."""

    def __init__(self, *answers: str | int) -> None:
        self.left = list(answers)

    def open(self, method: str, path: str, *_: object, **__: object) -> Any:
        answer = self.left.pop(0)
        if isinstance(answer, int):
            said = io.BytesIO(b'{"message": "said"}')
            raise urllib.error.HTTPError(path, answer, "", http.client.HTTPMessage(), said)
        return io.BytesIO(answer.encode())


@pytest.mark.parametrize(
    ("answers", "found"),
    [((429, 503, 500, '{"a": 1}'), {"a": 1}), ((500, 409), None)],
    ids=["busy", "made by a try whose answer was lost"],
)
def test_an_api_that_is_busy_is_asked_again(monkeypatch, answers, found) -> None:
    monkeypatch.setattr(step, "LOOK", 0)
    api = Replying(*answers)
    assert api.ask("POST", "/x", {}) == found
    assert api.left == []


@pytest.mark.parametrize(("method", "code"), [("GET", 403), ("POST", 422), ("GET", 409)])
def test_a_refusal_ends_it_with_the_api_s_words(method: str, code: int) -> None:
    with pytest.raises(SystemExit, match=f"the API refuses {method} /x: said"):
        Replying(code, "{}").ask(method, "/x")


@pytest.mark.parametrize(
    ("answer", "said"), [(503, "the API refuses GET /x: said"), ("<html>", "does not answer")]
)
def test_an_api_that_never_answers_is_given_up(monkeypatch, answer: str | int, said: str) -> None:
    monkeypatch.setattr(step, "PATIENCE", -1)
    with pytest.raises(SystemExit, match=said):
        Replying(answer).ask("GET", "/x")

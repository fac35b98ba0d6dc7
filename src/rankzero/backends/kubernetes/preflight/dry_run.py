"""The API server's own verdict on every object, and on a pod of each role where pods may be
created: it checks all but what time brings, and stores nothing."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.model import (
    Answer,
    Answers,
    Object,
    Pods,
    Question,
    Refusal,
    Request,
    Verdict,
    posted,
)
from rankzero.driver.cluster.jobs import may_be_there
from rankzero.plan.kubernetes.kinds import KINDS
from rankzero.plan.kubernetes.rights import Right
from rankzero.why.words import count

NAME = "dry run"

#: Of a pod, these are for the checks to tell that know more: `pod_security` and `quota`.
_OTHERS = ("violates PodSecurity", "exceeded quota", "failed quota")
_SECURITY = "would violate PodSecurity"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    for made in request.objects:
        yield of(request, made)
    for pods in request.pods:
        yield of_a_pod(request, pods)


def judge(request: Request, answers: Answers) -> Verdict:
    refusals: list[Refusal] = []
    unchecked: list[str] = []
    done = 0
    for made in request.objects:
        answer = answers[of(request, made)]
        if answer.code == 409 and may_be_there(made):
            continue  # it is there: `volumes` says whether it will do
        done += answer.ok
        what = f"{made['kind']} {made['metadata']['name']}"
        refusals += _refused(what, answer, _other_name(request))
        unchecked += _unchecked(what, answer)
    for pods in request.pods:
        answer = answers[of_a_pod(request, pods)]
        done += answer.ok
        if not any(word in answer.message for word in _OTHERS):
            refusals += _refused(f"a pod of {pods.role}", answer, "")
    said = f"the API server would take {count(done, 'object')}"
    return Verdict(tuple(refusals), tuple(unchecked), tuple(_warnings(request, answers)), said)


def of(request: Request, made: Object) -> Question:
    """The dry run of one object."""
    kind = KINDS[made["kind"]]
    right = Right("create", kind.group, kind.plural)
    return posted(kind.path(request.namespace), right, made, dryRun="All")


def of_a_pod(request: Request, pods: Pods) -> Question:
    """The dry run of one pod of many. A ServiceAccount that comes with the run is not there yet."""
    spec = dict(pods.spec)
    if spec.get("serviceAccountName") in request.named("ServiceAccount"):
        del spec["serviceAccountName"]
    metadata = {**pods.template.get("metadata", {}), "generateName": "rankzero-dry-run-"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    right = Right("create", "", "pods")
    return posted(KINDS["Pod"].path(request.namespace), right, pod, dryRun="All")


def tried(request: Request, answers: Answers) -> list[Answer]:
    """What the API server said to each object."""
    return [answers[of(request, made)] for made in request.objects]


def _other_name(request: Request) -> str:
    """What to do where a name is taken."""
    of_a_run = request.rules is None
    return "try again: each run gets another name" if of_a_run else "take another name: --name"


def _refused(what: str, answer: Answer, taken: str) -> Iterator[Refusal]:
    if answer.code == 422:
        yield Refusal(f"{what}: {answer.message}", request=True)
    elif answer.code == 409:
        yield Refusal(f"{what}: {answer.message}", taken)
    elif answer.code == 403 and not (_no_right(answer) or ends(answer)):
        yield Refusal(f"{what}: {answer.message}")


def _unchecked(what: str, answer: Answer) -> Iterator[str]:
    """An admission webhook that has effects of its own lets no dry run through. What refers to
    another object of the run (404) is as good as that one, which is tried too."""
    if not answer.ok and answer.code not in (403, 404, 409, 422):
        yield f"{what}: {answer.message}"


def ends(answer: Answer) -> bool:
    """The namespace takes nothing any more, because it is being deleted."""
    return "because it is being terminated" in answer.message


def _no_right(answer: Answer) -> bool:
    """Then `rights` says so: not asked, or refused before anything else looked at it."""
    return not answer.body or " cannot create resource " in answer.message


def _warnings(request: Request, answers: Answers) -> Iterator[str]:
    said: dict[str, None] = {}
    for made in request.objects:
        said.update(dict.fromkeys(answers[of(request, made)].warnings))
    yield from (f"the API server warns: {one}" for one in said if not one.startswith(_SECURITY))

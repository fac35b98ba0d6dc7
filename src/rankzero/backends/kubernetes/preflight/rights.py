"""Whether this user may do all that a run takes.

One SelfSubjectRulesReview tells all rights in a namespace, so it comes first: with it, nothing is
asked that would be refused. It is not the last word: an authorizer that cannot list its rules
leaves some out. What it does not show is therefore asked right by right, by
SelfSubjectAccessReviews at one time; for a user who has all rights that is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
    posted,
)
from rankzero.plan.kubernetes.rights import USUAL, Right, is_client, is_driver, needed

NAME = "rights"
#: Ways to run a pipeline that take less.
LESS = (
    "; or have this machine drive it, as long as the command stays: --driver client; or use an "
    "account that is there: --service-account NAME"
)

_REVIEWS = "/apis/authorization.k8s.io/v1"
WHO = posted(
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    None,
    {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
)


def rules_review(namespace: str) -> Question:
    return posted(
        f"{_REVIEWS}/selfsubjectrulesreviews",
        None,
        _review("RulesReview", {"namespace": namespace}),
    )


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    for right in _unseen(request, answers):
        yield _access_review(request.namespace, right)
    if _missing(request, answers):
        yield WHO


def judge(request: Request, answers: Answers) -> Verdict:
    wanted = request.rights
    missing = _missing(request, answers)
    unknown = [
        right
        for right in _unseen(request, answers)
        if not answers[_access_review(request.namespace, right)].ok
    ]
    unchecked = (f"whether you may {_listed(unknown)}",) if unknown else ()
    if missing:
        text = f"you may not {_listed(missing)}"
        if len(missing) == len(wanted):
            text = f'you have no rights in namespace "{request.namespace}"; is that its name?'
        return Verdict((Refusal(text, _remedy(request, answers)),), unchecked)
    return Verdict(unchecked=unchecked, said=f"all {len(wanted)} that a run takes")


def allows(review: Object, right: Right) -> bool:
    """Whether the rules of a SelfSubjectRulesReview show a right."""
    rules = review.get("status", {}).get("resourceRules") or ()
    return any(_covers(rule, right) for rule in rules)


def complete(review: Object) -> bool:
    return not review.get("status", {}).get("incomplete", True)


def _covers(rule: Object, right: Right) -> bool:
    if rule.get("resourceNames") and right.name not in rule["resourceNames"]:
        return False
    inner = right.resource.partition("/")[2]
    resources = {"*", right.resource, *([f"*/{inner}"] if inner else [])}
    return (
        bool({"*", right.verb} & set(rule.get("verbs") or ()))
        and bool({"*", right.group} & set(rule.get("apiGroups") or ()))
        and bool(resources & set(rule.get("resources") or ()))
    )


def _unseen(request: Request, answers: Answers) -> list[Right]:
    review = answers[rules_review(request.namespace)]
    wanted = request.rights
    return [right for right in wanted if not (review.ok and allows(review.body, right))]


def _missing(request: Request, answers: Answers) -> list[Right]:
    """Those that the API server denied."""
    found = []
    for right in _unseen(request, answers):
        answer = answers.get(_access_review(request.namespace, right))
        if answer is not None and answer.ok and not answer.body["status"].get("allowed"):
            found.append(right)
    return found


def _access_review(namespace: str, right: Right) -> Question:
    resource, _, inner = right.resource.partition("/")
    attributes = {"namespace": namespace, "verb": right.verb, "group": right.group}
    attributes |= {"resource": resource, "subresource": inner, "name": right.name}
    body = _review("AccessReview", {"resourceAttributes": attributes})
    return posted(f"{_REVIEWS}/selfsubjectaccessreviews", None, body)


def _review(kind: str, spec: Object) -> Object:
    version = "authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": f"SelfSubject{kind}", "spec": spec}


def _listed(rights: list[Right]) -> str:
    """`create, list jobs.batch, get pods/log`"""
    by_resource: dict[str, list[str]] = {}
    for right in rights:
        verb, _, resource = str(right).partition(" ")  # with the name, where it has one
        by_resource.setdefault(resource, []).append(verb)
    return ", ".join(f"{', '.join(verbs)} {resource}" for resource, verbs in by_resource.items())


def _remedy(request: Request, answers: Answers) -> str:
    """The Role to ask for, with this user's name where it is known. One of a job that takes more
    than others is made from its file, which a plan does not name."""
    who = answers.get(WHO)
    name = "NAME"
    if who is not None and who.ok:
        name = str(who.body.get("status", {}).get("userInfo", {}).get("username") or name)
    account = name.removeprefix("system:serviceaccount:")
    subject = f"--user {name}" if account == name else f"--serviceaccount {account}"
    usual = request.rules is not None or needed(request.objects) == USUAL
    file, less = "" if usual else " JOB.yaml", ""
    for driver in filter(is_driver, request.objects):
        file, less = " --pipelines", LESS
        if is_client(driver):
            file, less = " --pipelines --client", ""
    return (
        f"an administrator can give them: rankzero doctor --rbac{file} "
        f"--namespace {request.namespace} {subject} | kubectl apply -f -{less}"
    )

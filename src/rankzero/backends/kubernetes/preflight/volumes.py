"""Whether the volumes that a run brings along are there as it wants them, or can be made so."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight import claims, storage_classes
from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Object,
    Question,
    Refusal,
    Request,
    Verdict,
    why_not,
)
from rankzero.backends.kubernetes.preflight.provisioners import one_machine
from rankzero.plan.kubernetes.claims import differs

NAME = "volumes"

_MANY = "ReadWriteMany"
_SEE = "see it: rankzero volume list"
_AS_IT_IS = "name another one, or mount it as it is: leave out size, access and class"


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    wanted = claims.brought(request)
    for made in wanted:
        yield claims.itself(request, _name(made))
    if any(_mode(made) == _MANY and not _there(request, answers, made) for made in wanted):
        yield storage_classes.CLASSES


def judge(request: Request, answers: Answers) -> Verdict:
    wanted = claims.brought(request)
    if not wanted:
        return Verdict(said="none is to be made")
    verdicts = [_of_one(request, answers, made) for made in wanted]
    return Verdict(
        tuple(one for verdict in verdicts for one in verdict.refusals),
        tuple(one for verdict in verdicts for one in verdict.unchecked),
        tuple(one for verdict in verdicts for one in verdict.notes),
        ", ".join(verdict.said for verdict in verdicts if verdict.said),
    )


def _of_one(request: Request, answers: Answers, made: Object) -> Verdict:
    name = _name(made)
    question = claims.itself(request, name)
    answer = answers[question]
    if answer.ok:
        notes = tuple(claims.shared(request, name, answer.body["spec"].get("accessModes") or ()))
        fault = claims.fault(answer.body)
        if fault:
            return Verdict((Refusal(f'the volume "{name}" {fault}', _SEE),))
        if fault := differs(answer.body, made):
            return Verdict((Refusal(f'the volume "{name}" {fault}', _AS_IT_IS),))
        return Verdict(notes=notes, said=f'"{name}" there')
    notes = tuple(claims.shared(request, name, [_mode(made)]))
    if not answer.absent:
        why = why_not(answer, question.right)
        return Verdict(unchecked=(f'"{name}" ({why})',), notes=notes)
    if refusal := _impossible(answers, made):
        return Verdict((refusal,))
    size = made["spec"]["resources"]["requests"]["storage"]
    return Verdict(notes=notes, said=f'"{name}" will be made ({size}, {_mode(made)})')


def _impossible(answers: Answers, made: Object) -> Refusal | None:
    """A class that is known to make volumes for one machine."""
    answer = answers.get(storage_classes.CLASSES)
    if _mode(made) != _MANY or answer is None or not answer.ok:
        return None
    asked = made["spec"].get("storageClassName")
    kinds = {
        one["metadata"]["name"]: one_machine(str(one.get("provisioner"))) for one in answer.items
    }
    if asked is None:
        asked = next(map(_name, filter(storage_classes.is_default, answer.items)), "")
    if not kinds.get(asked):
        return None
    able = sorted(name for name, kind in kinds.items() if not kind)
    others = f", or take a class that may have it (class: {', '.join(able)})" if able else ""
    return Refusal(
        f'the volume "{_name(made)}" is to be {_MANY}, and StorageClass "{asked}" makes '
        f"{kinds[asked]}, which one machine at a time mounts",
        f"say access: once (then its pods have to be on one machine){others}",
    )


def _there(request: Request, answers: Answers, made: Object) -> bool:
    answer = answers.get(claims.itself(request, _name(made)))
    return answer is not None and answer.ok


def _mode(made: Object) -> str:
    return str(made["spec"]["accessModes"][0])


def _name(thing: Object) -> str:
    return str(thing["metadata"]["name"])

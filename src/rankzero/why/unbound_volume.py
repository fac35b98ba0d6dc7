"""A volume claim that has no volume: its class is absent, refuses it, or has none to give."""

from __future__ import annotations

import re

from rankzero.why import scheduling
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Claim, Pod, Said, Seen

_CLASS = re.compile(r'storageclass\S* "([^"]+)" not found')
#: An access mode that is not there, by the words of Kubernetes and of CSI.
_NEVER = re.compile(
    r"ReadWrite(Many|Once)|ReadOnlyMany|access ?modes?|MULTI_NODE|InvalidArgument", re.IGNORECASE
)
_FOUND = ("ProvisioningFailed", "FailedBinding", "VolumeMismatch", "ProvisioningCleanupFailed")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    open_ = [one for one in seen.claims or () if one.name in pod.claims and one.phase == "Pending"]
    if not _waits_for_volume(pod, open_):
        return None
    if not open_:
        names = ", ".join(f'"{name}"' for name in pod.claims) or "a claim of it"
        text = f"{names} has no volume yet"
        remedy = f"see why: {seen.kubectl(' '.join(('describe pvc', *pod.claims)))}"
        return Trouble("unbound-volume", text, remedy, _words(pod))
    claim = next((one for one in open_ if _complaint(one)), open_[0])
    said = _complaint(claim)
    text, remedy = _read(claim, said.message if said else "", seen)
    vain = said is not None and never(said.message)
    return Trouble("unbound-volume", text, remedy, (said.message,) if said else (), vain)


def never(said: str) -> bool:
    """Whether a provisioner speaks of what it will not make, however often it is asked."""
    return bool(_NEVER.search(said) or _CLASS.search(said))


def _waits_for_volume(pod: Pod, open_: list[Claim]) -> bool:
    """The scheduler says so, or says nothing of a pod whose volume is still being made."""
    volume = any(lack.kind == "volume" for lack in scheduling.read(pod).lacks)
    if "unbound immediate" in pod.unplaced or volume:
        return True
    unplaced = pod.phase == "Pending" and not pod.machine and not pod.unplaced
    return unplaced and any(_complaint(one) for one in open_)


def _complaint(claim: Claim) -> Said | None:
    return next((one for one in reversed(claim.said) if one.reason in _FOUND), None)


def _read(claim: Claim, said: str, seen: Seen) -> tuple[str, str]:
    absent = _CLASS.search(said)
    if absent:
        text = (
            f'claim "{claim.name}" asks for storage class "{absent.group(1)}", which is not there'
        )
        return text, "name one that is there: kubectl get storageclass"
    if "no storage class is set" in said or not claim.kind:
        text = f'claim "{claim.name}" names no storage class, and the cluster has no default'
        return text, "name a storage class in the claim: kubectl get storageclass"
    if said:
        text = f'claim "{claim.name}" gets no volume of class "{claim.kind}"'
        return (
            text,
            "make the claim with what its class gives (access mode, size), or another class",
        )
    text = f'claim "{claim.name}" has no volume of class "{claim.kind}" yet'
    return text, f"see what it waits for: {seen.kubectl(f'describe pvc {claim.name}')}"


def _words(pod: Pod) -> tuple[str, ...]:
    said = scheduling.read(pod).said
    return (said,) if said else ()


find = by(look)

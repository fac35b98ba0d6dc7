"""Pods taken from a dead machine; which ones it holds, `rankzero.agent.healing` judges."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rankzero.agent.healing.judging import FINALIZER, Verdict, judge, untracked
from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Object
from rankzero.backends.kubernetes.trouble import Absent, Forbidden, Taken
from rankzero.backends.recovery import Held
from rankzero.errors import Refused


def release(cluster: Cluster, pod: Object) -> bool:
    """Take it out of the books; False where another had done so. Errors: trouble.Forbidden."""
    name = str(pod["metadata"]["name"])
    try:
        cluster.patch("Pod", name, untracked(pod), strategic=True)
    except (Absent, Taken):
        return False  # it is gone; one of this name with another uid is not ours to touch
    cluster.delete("Pod", name, uid=str(pod["metadata"]["uid"]), grace=0)
    return True


def recover(
    cluster: Cluster, pods: Iterable[Object], now: float, silent: Collection[str], *, dry_run: bool
) -> list[Held]:
    """Release what is lost; what was found, and what was done. Errors: Refused without the right
    to, with what somebody who has it can do."""
    verdicts = judge(pods, now, machines(cluster), silent)
    wanted = [verdict for verdict in verdicts if verdict.lost and not dry_run]
    try:
        for verdict in wanted:
            release(cluster, verdict.pod)
    except Forbidden as error:
        raise _without_right(cluster, wanted) from error
    return [
        Held(
            node=state.node(one.pod),
            name=str(one.pod["metadata"]["name"]),
            machine=str(one.pod["spec"]["nodeName"]),
            why=one.why,
            lost=one.lost,
            when=one.when,
            deleted=one in wanted,
        )
        for one in verdicts
    ]


def machines(cluster: Cluster) -> dict[str, Object] | None:
    """The cluster's, by name; None where this user may not read them."""
    try:
        return {str(one["metadata"]["name"]): one for one in cluster.every("Node")["items"]}
    except Forbidden:
        return None


def _without_right(cluster: Cluster, lost: list[Verdict]) -> Refused:
    pods = " ".join(str(one.pod["metadata"]["name"]) for one in lost)
    kubectl = f"kubectl --namespace {cluster.namespace}"
    patch = f'{{"metadata":{{"$deleteFromPrimitiveList/finalizers":["{FINALIZER}"]}}}}'
    return Refused(
        f"Lost, and to be taken out of the books: {pods}. That needs the rights to patch and to "
        f"delete pods in namespace {cluster.namespace}.",
        "An administrator can:\n"
        f"  {kubectl} patch pod {pods} --type=strategic -p '{patch}'\n"
        f"  {kubectl} delete pod {pods} --grace-period=0 --force",
    )

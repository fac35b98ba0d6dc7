"""Pods that find no machine, no volume, or no leave to be made, in the cluster's own words."""

from __future__ import annotations

import pytest

from rankzero.why import fitting, scheduling
from rankzero.why.seen import (
    ABSENT,
    Claim,
    Ended,
    Job,
    Machine,
    Pod,
    Said,
    Seen,
    Toleration,
)
from rankzero.why.standing import standing

from .looks import pod, refused, unplaced, waits

_TAIL = (
    " no new claims to deallocate, preemption: 0/2 nodes are available: "
    "2 Preemption is not helpful for scheduling."
)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            "0/2 nodes are available: 2 Insufficient cpu, 1 Insufficient memory." + _TAIL,
            "2 of 2 lack 64 cpu; 1 of 2 lacks 1Ti memory",
        ),
        (
            "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, "
            "2 node(s) had untolerated taint {nvidia.com/gpu: present}. preemption: 0/3 nodes",
            "1 of 3 lacks 2 nvidia.com/gpu; 2 of 3 are tainted nvidia.com/gpu=present",
        ),
        (
            "0/2 nodes are available: 1 node(s) had untolerated taint {kept: }, "
            "1 node(s) didn't match Pod's node affinity/selector.",
            "1 of 2 is tainted kept; 1 of 2 lacks label gpu=a100",
        ),
        (
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).",
            "1 of 2 lacks 64 cpu; 1 of 2 is tainted",
        ),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint "
            "{node.kubernetes.io/unreachable: }, 1 node(s) were unschedulable, 1 node(s) had "
            "untolerated taint {node.kubernetes.io/disk-pressure: }.",
            "1 of 3 is not ready; 1 of 3 is closed to new pods; 1 of 3 is short of disk",
        ),
        (
            "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
            "2 of 2 cannot reach its volume",
        ),
        ("0/2 nodes are available: 2 Too many pods.", "2 of 2 have no room for pods"),
        (
            "0/1 nodes are available: 1 node(s) didn't have free ports for the pod.",
            "1 of 1 has its port in use",
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
            "2 of 2 may hold no second pod of it",
        ),
        ("0/2 nodes are available: 2 of a new kind.", '2 of 2 are refused: "of a new kind"'),
    ],
)
def test_the_scheduler_in_plain_words(said, text):
    asked = {"cpu": "64", "memory": "1Ti", "nvidia.com/gpu": "2"}
    refusal = scheduling.read(unplaced(said, requests=asked, selector={"gpu": "a100"}))
    words = "; ".join(f"{one.many} of {refusal.machines} {one.text}" for one in refusal.lacks)
    assert words == text


def test_what_nobody_foresaw_is_quoted():
    found = waits(unplaced("0/0 nodes are available."))
    assert (found.cause, found.title) == (
        "does-not-fit",
        "worker/0: no machine fits: 0/0 nodes are available.",
    )
    assert waits(unplaced("something new")).title.endswith("fits: something new")


def test_amounts_are_told_as_they_were_asked_for():
    big = unplaced("0/1 nodes are available: 1 Insufficient cpu.", requests={"cpu": "4k"})
    assert "lacks 4000 cpu" in waits(big).title


TWO_GPUS = unplaced(
    "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
    requests={"nvidia.com/gpu": "2", "memory": "8Gi"},
)


def machine(name: str, gpus: str, free: float | None = None, **fields) -> Machine:
    has = {"nvidia.com/gpu": gpus, "memory": "64Gi"}
    left = None if free is None else {"nvidia.com/gpu": free, "memory": 64.0 * 1024**3}
    return Machine(name, has=has, free=left, **fields)


def test_the_nearest_machine_is_the_one_that_lacks_least():
    machines = (
        machine("gpu-01", "4", 0.0),
        machine("gpu-02", "4", 1.0),
        machine("cpu-01", "0", 0.0),
    )
    found = waits(TWO_GPUS, machines=machines)
    assert found.evidence == (
        "it asks for 2 nvidia.com/gpu, 8Gi memory",
        "nearest: gpu-02 has 1 free of 4 nvidia.com/gpu, 2 asked",
    )
    assert found.remedy == "ask for less (--gpus, --memory), or wait until others end"


def test_what_no_machine_has_is_not_waited_for():
    found = waits(TWO_GPUS, machines=(machine("gpu-01", "1"), machine("cpu-01", "0")))
    assert found.evidence[1] == "nearest: gpu-01 has 1 nvidia.com/gpu, 2 asked"
    assert found.remedy == "ask for no more than the largest machine has: --gpus 1"


def test_labels_and_taints_count_for_nearness():
    wanted = unplaced(
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        "1 node(s) had untolerated taint {kept: yes}.",
        selector={"gpu": "a100"},
        tolerations=(Toleration("mine", None),),
    )
    far = Machine("far", taints=(("kept", "yes", "NoSchedule"),))
    near = Machine(
        "near",
        labels={"gpu": "a100"},
        taints=(
            ("kept", "yes", "NoSchedule"),
            ("mine", "x", "NoExecute"),
            ("soft", "", "PreferNoSchedule"),
        ),
    )
    found = waits(wanted, machines=(far, near))
    assert found.evidence == ("it asks for label gpu=a100", "nearest: near is tainted kept=yes")
    assert "kubectl label node NAME gpu=a100" in found.remedy
    assert "tolerate the taint" in found.remedy


def test_machines_that_are_out_of_service_are_waited_for():
    said = (
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."
    )
    assert waits(unplaced(said)).remedy.startswith("wait: its machines are out of service")


def test_a_machine_that_would_do_is_not_called_nearest():
    assert fitting.nearest(TWO_GPUS, [machine("gpu-01", "4", 3.0)]) is None
    assert fitting.nearest(TWO_GPUS, []) is None


# -- volumes


def test_a_claim_that_is_not_there():
    said = '0/2 nodes are available: persistentvolumeclaim "data" not found. not found'
    found = waits(unplaced(said, claims=("data",)))
    assert (found.cause, found.title) == ("missing-claim", 'worker/0: there is no claim "data"')
    deleted = '0/2 nodes are available: persistentvolumeclaim "data" is being deleted.'
    assert waits(unplaced(deleted)).title == 'worker/0: claim "data" is being deleted'
    lost = '0/2 nodes are available: persistentvolumeclaim "data" bound to non-existent pv "x".'
    assert waits(unplaced(lost)).title == 'worker/0: claim "data" has lost its volume'


_UNBOUND = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (
            Claim(
                "data",
                "Pending",
                "nosuch",
                (Said("ProvisioningFailed", 'storageclass.storage.k8s.io "nosuch" not found'),),
            ),
            'claim "data" asks for storage class "nosuch", which is not there',
        ),
        (
            Claim(
                "data",
                "Pending",
                "once",
                (Said("ProvisioningFailed", "class once has no ReadWriteMany"),),
            ),
            'claim "data" gets no volume of class "once"',
        ),
        (
            Claim(
                "data",
                "Pending",
                "",
                (
                    Said(
                        "FailedBinding",
                        "no persistent volumes available and no storage class is set",
                    ),
                ),
            ),
            'claim "data" names no storage class, and the cluster has no default',
        ),
        (Claim("data", "Pending", "slow"), 'claim "data" has no volume of class "slow" yet'),
    ],
)
def test_a_claim_without_a_volume(claim, text):
    found = waits(unplaced(_UNBOUND, claims=("data",)), claims=(claim,))
    assert (found.cause, found.title) == ("unbound-volume", f"worker/0: {text}")


def test_a_claim_that_nobody_may_read():
    found = waits(unplaced(_UNBOUND, claims=("data",)), unread=("persistentvolumeclaims",))
    assert found.title == 'worker/0: "data" has no volume yet'
    assert found.remedy == "see why: kubectl describe pvc data"


def test_a_volume_made_where_its_pod_goes_is_waited_for_in_silence():
    """The scheduler says nothing of a pod whose volume is being made."""
    refuses = Claim("data", "Pending", "once", (Said("ProvisioningFailed", "no ReadWriteMany"),))
    quiet = pod(machine="", claims=("data",))
    assert waits(quiet, claims=(refuses,)).cause == "unbound-volume"
    assert waits(quiet, claims=(refuses._replace(said=()),)).cause == "waiting"


def test_a_volume_that_no_free_machine_can_reach():
    said = (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had volume node affinity conflict."
    )
    bound = Claim("data", "Bound", "once")
    assert waits(unplaced(said, claims=("data",)), claims=(bound,)).cause == "unbound-volume"


def mounting(message: str, **fields) -> Pod:
    said = Said("FailedMount", message, 1.0)
    return pod(waiting="ContainerCreating", said=(said,), **fields)


def test_a_volume_that_is_elsewhere():
    said = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x'
    assert waits(mounting(said)).title == (
        "worker/0: its volume is attached to another machine, and can be at one only"
    )


def test_a_volume_that_cannot_be_mounted():
    said = 'MountVolume.SetUp failed for volume "data" : mount failed: exit status 32\nOutput: no'
    assert waits(mounting(said)).title == (
        'worker/0: volume "data" cannot be mounted: mount failed: exit status 32'
    )
    running = mounting(said, phase="Running", began=2.0)._replace(waiting="")
    assert waits(running).cause == "waiting"


# -- secrets, users


@pytest.mark.parametrize(
    ("detail", "cause", "text"),
    [
        ('secret "nope" not found', "missing-secret", 'there is no secret "nope"'),
        ('configmap "nope" not found', "missing-secret", 'there is no ConfigMap "nope"'),
        (
            "couldn't find key k in Secret team-a/some",
            "missing-secret",
            'secret "some" has no key "k"',
        ),
        (
            'container has runAsNonRoot and image will run as root (pod: "p(4a)", container: x)',
            "bad-user",
            "image 10.245.0.1:5000/lab/absent:1 runs as root, or as a user without a number; "
            "that is not allowed",
        ),
        ("something else", "not-configured", "its container cannot be made: something else"),
    ],
)
def test_a_configuration_that_makes_no_container(detail, cause, text):
    found = waits(pod(waiting="CreateContainerConfigError", detail=detail))
    assert (found.cause, found.title) == (cause, f"worker/0: {text}")


def test_a_secret_is_made_with_the_keys_that_are_wanted_where_the_pods_are():
    there = pod(
        waiting="CreateContainerConfigError",
        detail='secret "hub" not found',
        keys={"hub": ("token", "user")},
    )
    typed = "kubectl create secret generic hub --from-literal=token=VALUE --from-literal=user=VALUE"
    assert waits(there, namespace="team").remedy.endswith(f"{typed} -n team")


def test_a_secret_that_is_mounted():
    found = waits(mounting('MountVolume.SetUp failed for volume "data" : secret "nope" not found'))
    assert found.title == 'worker/0: there is no secret "nope"'
    assert "kubectl create secret generic nope" in found.remedy
    keys = 'MountVolume.SetUp failed for volume "data" : references non-existent secret key: k'
    assert waits(mounting(keys)).title == 'worker/0: a secret that is mounted has no key "k"'


# -- no pod at all


def test_a_quota_that_can_never_hold_it():
    absent, job = refused(
        'pods "x-0-9w545" is forbidden: exceeded quota: small, requested: requests.cpu=4,pods=1, '
        "used: requests.cpu=0,pods=0, limited: requests.cpu=1,pods=9"
    )
    found = waits(absent, **job)
    assert found.title == (
        'worker/0: quota "small" is exceeded: requests.cpu 4 asked, 0 of 1 used, '
        "pods 1 asked, 0 of 9 used"
    )
    assert found.remedy == "ask for less (--cpu), or for a larger quota"


def test_a_quota_that_others_use():
    absent, job = refused(
        "exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, "
        "used: requests.nvidia.com/gpu=8, limited: requests.nvidia.com/gpu=8"
    )
    assert waits(absent, **job).remedy.startswith("wait until other pods")


def test_a_quota_that_wants_to_be_told():
    absent, job = refused("failed quota: small: must specify requests.cpu for: rank")
    found = waits(absent, **job)
    assert found.title == 'worker/0: quota "small" wants every pod to say its requests.cpu'
    assert found.remedy == "say it in the job: --cpu"


def test_pod_security_names_each_rule():
    absent, job = refused(
        'pods "x-0-46zl6" is forbidden: violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "rank" must set '
        "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "
        '"rank" must set securityContext.capabilities.drop=["ALL"]), restricted volume types '
        '(volume "data" uses restricted volume type "hostPath")'
    )
    found = waits(absent, **job)
    assert found.cause == "pod-security"
    assert found.title == (
        'worker/0: this namespace does not let the pod in (Pod Security "restricted"): '
        "allowPrivilegeEscalation != false, unrestricted capabilities, restricted volume types"
    )
    assert found.evidence[2] == (
        'restricted volume types: volume "data" uses restricted volume type "hostPath"'
    )


def test_any_other_refusal_is_quoted():
    absent, job = refused('admission webhook "x" denied the request: no latest tags')
    assert waits(absent, **job).title == (
        'worker/0: the cluster refuses to make its pod: admission webhook "x" denied the request: '
        "no latest tags"
    )
    absent, job = refused(
        'pods "x-0-" is forbidden: error looking up service account a/bot: '
        'serviceaccount "bot" not found'
    )
    assert waits(absent, **job).title == 'worker/0: there is no service account "bot"'


def test_a_node_without_a_pod_whose_reason_may_not_be_read():
    absent = Pod("worker/0", phase=ABSENT)
    found = waits(absent, jobs=(Job("worker", "j"),), unread=("events",))
    assert (found.cause, "rankzero doctor --rbac" in found.remedy) == ("pod-refused", True)
    assert waits(absent, jobs=(Job("worker", "j"),)).cause == "waiting"


def test_a_suspended_job_waits_for_its_queue_or_for_somebody():
    absent = Pod("worker/0", phase=ABSENT)
    queued = waits(
        absent, jobs=(Job("worker", "j", held=True, queue="team-a"),), unread=("events",)
    )
    assert (queued.cause, queued.title) == ("queued", 'worker/0: it waits in queue "team-a"')
    begins = "couldn't assign flavors to pod set main: "
    spent = "insufficient unused quota for cpu in flavor small, 1 more needed"
    never = "insufficient quota for cpu in flavor small, request > maximum capacity (5 > 2)"
    for words, remedy in ((spent, "kubectl get localqueue team-a"), (never, "ask for less")):
        said = (Said("Pending", "an earlier reason"), Said("Pending", begins + words))
        told = waits(absent, jobs=(Job("worker", "j", held=True, queue="team-a", said=said),))
        assert told.title == f'worker/0: it waits in queue "team-a": {words}'
        assert remedy in told.remedy
    held = waits(absent, jobs=(Job("worker", "j", held=True),))
    assert held.title == "worker/0: its Job is suspended (j)"
    gated = waits(pod(machine="", gated="Scheduling is blocked due to non-empty scheduling gates"))
    assert gated.cause == "queued"


# -- what the screen says of nodes of which nothing is wrong


@pytest.mark.parametrize(
    ("one", "state", "text", "since"),
    [
        (Pod("worker/0", phase=ABSENT), "waiting", "has no pod yet", None),
        (pod(machine=""), "waiting", "waits for a machine", 1.0),
        (pod(waiting="ContainerCreating"), "starting", "starting on gpu-01", 1.0),
        (
            pod(said=(Said("Pulling", "Pulling image x", 7.0),)),
            "starting",
            "pulling its image on gpu-01",
            7.0,
        ),
        (
            pod(said=(Said("Pulling", "x", 7.0), Said("Pulled", "x", 9.0))),
            "starting",
            "starting on gpu-01",
            1.0,
        ),
        (
            pod(phase="Running", began=5.0),
            "running",
            "started on gpu-01; its agent has not come yet",
            5.0,
        ),
        (
            pod(phase="Failed", ended=Ended("Error", 96)),
            "ended",
            "its pod has ended; another one takes its place",
            None,
        ),
    ],
)
def test_progress(one, state, text, since):
    (place,) = standing("r", 0.0, ["worker/0"], Seen((one,)), here=()).places
    assert (place.state, place.text, place.since) == (state, text, since)


def test_without_a_coordinator_to_ask_a_pod_that_runs_is_ready():
    pods = (pod(phase="Running", began=5.0), pod("worker/1"))
    found = standing("r", 0.0, ["worker/0", "worker/1", "worker/2"], Seen(pods))
    assert (found.ready, [place.node for place in found.waiting]) == (1, ["worker/1", "worker/2"])
    assert found.places[2].text == "has no pod yet"


def test_who_has_joined_is_ready():
    found = standing("r", 0.0, ["worker/0"], Seen((pod(),)), here={"worker/0"})
    assert (found.ready, found.waiting) == (1, [])

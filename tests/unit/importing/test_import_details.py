"""What a pod's template says, piece by piece."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from rankzero import importing, spec
from rankzero.importing.sketch import run_of, script


def job(container: str = "", pod: str = "", **spec_keys: object) -> importing.Imported:
    """The import of a TFJob of two workers with this in their container, and in their pod."""
    main = {"name": "tensorflow", "image": "tf:1", "command": ["python", "/train.py"]}
    main.update(yaml.safe_load(f"{{{container}}}"))
    template = {"spec": {"containers": [main], **yaml.safe_load(f"{{{pod}}}")}}
    replica = {"replicas": 2, "template": template}
    return of({"tfReplicaSpecs": {"Worker": replica}, **spec_keys})


def of(spec_: dict[str, object]) -> importing.Imported:
    document = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "a"}}
    return importing.from_text(yaml.safe_dump({**document, "spec": spec_}), "job")


def noted(made: importing.Imported) -> str:
    return "\n".join(map(str, made.notes))


CONTAINER = [
    ("command: [train], args: [a, b]", {"run": "train a b"}),
    ("command: [python, train.py], workingDir: /app", {"run": "python /app/train.py"}),
    (
        "command: [python, -u, -X, dev, t.py, a.py], workingDir: /a",
        {"run": "python -u -X dev /a/t.py a.py"},
    ),
    ("command: [python, -m, t, a.py], workingDir: /a", {"run": "env -C /a python -m t a.py"}),
    ("command: [./fit, a.py], workingDir: /a", {"run": "env -C /a ./fit a.py"}),
    ("command: [fit, a.py], workingDir: /a", {"run": "env -C /a fit a.py"}),
    ("command: [python, /t.py], workingDir: /app", {"run": "python /t.py"}),
    ("command: [sh, -c, 'a && b']", {"run": "sh -c 'a && b'"}),
    ("command: [torchrun, --nproc-per-node, '2', t.py]", {"run": "python t.py", "nproc": 2}),
    (
        "command: [torchrun, -m, lab.fit], workingDir: /app",
        {"run": "env -C /app python -m lab.fit"},
    ),
    ("command: [torchrun, --no-python, ./fit]", {"run": "./fit"}),
    ("command: [sh, -c, 'torchrun --nproc-per-node 2 t.py']", {"run": "python t.py", "nproc": 2}),
    (
        "command: [bash, -c], args: ['exec torchrun --nnodes=${N} --node_rank $R -m t']",
        {"run": "python -m t", "nproc": None},
    ),
    (
        "command: [sh, -c, 'torchrun t.py && x']",
        {"run": "sh -c 'torchrun t.py && x'", "nproc": None},
    ),
    ("command: [sh, -c, 'torchrun t.py $A']", {"run": "sh -c 'torchrun t.py $A'", "nproc": None}),
    (
        "command: [torchrun, t.py], env: [{name: N, value: '4'}, "
        "{name: PET_NPROC_PER_NODE, value: $(N)}]",
        {"run": "python t.py", "nproc": 4},
    ),
    (
        "command: [torchrun, --nproc_per_node=2, t.py], "
        "env: [{name: PET_NPROC_PER_NODE, value: '4'}]",
        {"nproc": 2},
    ),
    (
        "command: [python, t.py], env: [{name: PET_NPROC_PER_NODE, value: '4'}]",
        {"run": "python t.py", "nproc": None},
    ),
    ("command: ['a$(A)'], env: [{name: A, value: '1'}]", {"run": "a1", "env": {"A": "1"}}),
    ("command: ['$(B)', '$$(A)'], env: [{name: A, value: '1'}]", {"run": "'$(B)' '$(A)'"}),
    ("env: [{name: A, value: '1'}, {name: B, value: 'x$(A)'}]", {"env": {"A": "1", "B": "x1"}}),
    ("env: [{name: A}, {name: B, value: '${b}'}]", {"env": {"A": "", "B": "$${b}"}}),
    ("env: [{name: TF_CONFIG, value: x}]", {"env": None}),
    (
        "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
        {"secrets": {"A": "s/k"}, "pod": None},
    ),
    (
        "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]",
        {"secrets": None},
    ),
    ("envFrom: [{secretRef: {name: s}}]", {"env_from": ["s"]}),
    ("envFrom: [{configMapRef: {name: c}}]", {"env_from": [{"config_map": "c"}]}),
    ("resources: {limits: {cpu: 2}}", {"cpu": 2}),
    ("resources: {limits: {cpu: 2}, requests: {cpu: 500m}}", {"cpu": "500m"}),
    ("resources: {requests: {memory: 1Gi}}", {"memory": "1Gi"}),
    ("resources: {limits: {memory: 2Gi}, requests: {memory: 1Gi}}", {"memory": "2Gi"}),
    ("resources: {limits: {nvidia.com/gpu: 2}}", {"gpus": 2}),
    ("resources: {limits: {amd.com/gpu: '2'}}", {"gpus": "amd.com/gpu=2"}),
    (
        "resources: {limits: {nvidia.com/mig-1g.5gb: 1, ephemeral-storage: 5Gi}}",
        {"resources": {"nvidia.com/mig-1g.5gb": 1, "ephemeral-storage": "5Gi"}},
    ),
    ("imagePullPolicy: Never", {"pull": "Never"}),
    (
        "ports: [{containerPort: 80}, {name: a, containerPort: 81}]",
        {"ports": {"port-80": 80, "a": 81}},
    ),
    ("ports: [{name: tfjob-port, containerPort: 2222}]", {"ports": {"tensorflow": 2222}}),
    ("ports: [{name: pytorchjob-port, containerPort: 7}]", {"torch": {"port": 7}}),
    ("securityContext: {runAsUser: 5}", {"user": 5}),
]


@pytest.mark.parametrize(("text", "said"), CONTAINER)
def test_a_container_is_carried_over(text, said):
    made = job(text)
    assert {key: made.job.get(key) for key in said} == said


MOUNT = "volumeMounts: [{name: v, mountPath: /v"
VOLUMES = [
    ("persistentVolumeClaim: {claimName: c}", "", {"claim": "c"}),
    (
        "persistentVolumeClaim: {claimName: c, readOnly: true}",
        "",
        {"claim": "c", "read_only": True},
    ),
    (
        "persistentVolumeClaim: {claimName: c}",
        ", readOnly: true",
        {"claim": "c", "read_only": True},
    ),
    ("persistentVolumeClaim: {claimName: c}", ", subPath: a/b", {"claim": "c", "sub_path": "a/b"}),
    ("emptyDir: {}", "", {"empty_dir": True}),
    ("emptyDir: {sizeLimit: 1Gi}", "", {"empty_dir": "1Gi"}),
    ("hostPath: {path: /h, type: Directory}", "", {"host_path": "/h"}),
    ("nfs: {server: s, path: /e}", "", {"nfs": "s:/e"}),
    ("secret: {secretName: s}", "", {"secret": "s"}),
    ("configMap: {name: c}", "", {"config_map": "c"}),
]


@pytest.mark.parametrize(("source", "more", "said"), VOLUMES)
def test_a_volume_is_carried_over(source, more, said):
    made = job(f"{MOUNT}{more}}}]", f"volumes: [{{name: v, {source}}}]")
    assert made.job["volumes"] == {"v": {**said, "path": "/v"}}


LAID = [
    ("emptyDir: {medium: Memory}", ""),
    ("csi: {driver: a}", ""),
    ("secret: {secretName: s, items: [{key: a, path: b}]}", ""),
    ("persistentVolumeClaim: {claimName: c}", ", mountPropagation: None"),
]


@pytest.mark.parametrize(("source", "more"), LAID)
def test_a_volume_that_a_job_file_cannot_say_is_laid_over_the_pod(source, more):
    made = job(f"{MOUNT}{more}}}]", f"volumes: [{{name: v, {source}}}]")
    assert "volumes" not in made.job
    assert made.job["pod"]["volumes"] == [yaml.safe_load(f"{{name: v, {source}}}")]
    (rank,) = made.job["pod"]["containers"]
    assert rank == {"name": "rank", **yaml.safe_load(f"{{{MOUNT}{more}}}]}}")}


@pytest.mark.parametrize(("size", "shm"), [("", None), (", sizeLimit: 4Gi", "4Gi")])
def test_shared_memory_is_no_volume(size, shm):
    mount = "volumeMounts: [{name: v, mountPath: /dev/shm}]"
    made = job(mount, f"volumes: [{{name: v, emptyDir: {{medium: Memory{size}}}}}]")
    assert (made.job.get("shm"), "volumes" in made.job) == (shm, False)


PODS = [
    ("nodeSelector: {a: b}", {"node_selector": {"a": "b"}}),
    (
        "tolerations: [{key: a, operator: Exists}]",
        {"tolerations": [{"key": "a", "operator": "Exists"}]},
    ),
    ("priorityClassName: high", {"priority_class": "high"}),
    ("serviceAccountName: a", {"service_account": "a"}),
    ("imagePullSecrets: [{name: a}]", {"pull_secrets": ["a"]}),
    ("terminationGracePeriodSeconds: 5", {"grace": 5}),
    (
        "securityContext: {runAsUser: 5, runAsGroup: 6, fsGroup: 7}",
        {"user": "5:6", "pod": {"securityContext": {"fsGroup": 7}}},
    ),
    ("hostNetwork: true, restartPolicy: Never", {"pod": {"hostNetwork": True}}),
    ("enableServiceLinks: false", {"pod": {"enableServiceLinks": False}}),
    ("affinity: {}", {"pod": None}),
    (
        "initContainers: [{name: i, image: i}]",
        {"pod": {"initContainers": [{"name": "i", "image": "i"}]}},
    ),
]


@pytest.mark.parametrize(("text", "said"), PODS)
def test_a_pod_is_carried_over(text, said):
    made = job(pod=text)
    assert {key: made.job.get(key) for key in said} == said


NOTED = [
    ("command: [python, train.py]", "", "train.py is looked for in the folder that travels"),
    ("command: [sh, -c, 'torchrun t.py | x']", "", "a shell starts a launcher of its own"),
    ("command: ['$(X)']", "", "nobody fills in $(X)"),
    ("livenessProbe: {}, readinessProbe: {exec: {}}", "", "readinessProbe: is not carried over"),
    ("ports: [{containerPort: 1, hostPort: 2}]", "", "hostPort: is not carried over"),
    ("imagePullpolicy: Never", "", 'is not carried over; did you mean "imagePullPolicy"?'),
    ("env: [{name: PET_NPROC_PER_NODE, value: '4'}]", "", "PET_NPROC_PER_NODE is not carried over"),
    ("", "hostname: a", "hostname: is not carried over"),
    ("", "nodeselector: {}", 'did you mean "nodeSelector"?'),
    ("", "volumes: [{name: v, emptyDir: {}}]", "the training mounts it nowhere"),
    ("", "", "without a user ranks are 1000"),
]


@pytest.mark.parametrize(("container", "pod", "said"), NOTED)
def test_what_is_not_carried_over_is_told(container, pod, said):
    assert said in noted(job(container, pod))


POLICIES = [
    ({"runPolicy": {"ttlSecondsAfterFinished": 60}}, {"ttl": 60}, ""),
    ({"ttlSecondsAfterFinished": 60}, {"ttl": 60}, ""),
    (
        {"runPolicy": {"schedulingPolicy": {"priorityClass": "p", "minAvailable": 2}}},
        {"priority_class": "p"},
        "minAvailable: is not carried over",
    ),
    ({"runPolicy": {"schedulingPolicy": {"scheduleTimeoutSeconds": 9}}}, {"wait": 9}, ""),
    ({"runPolicy": {"suspend": True}}, {}, "suspend: is not carried over"),
    ({"enableDynamicWorker": True}, {}, "enableDynamicWorker: is not carried over"),
    ({"successPolicy": "AllWorkers"}, {}, ""),
    ({}, {}, "without a successPolicy worker 0 alone ends it"),
    ({"sucessPolicy": "AllWorkers"}, {}, 'did you mean "successPolicy"?'),
]


@pytest.mark.parametrize(("more", "said", "told"), POLICIES)
def test_what_a_job_says_of_its_life(more, said, told):
    made = job(**more)
    assert {key: made.job.get(key) for key in said} == said
    assert told in noted(made)


@pytest.mark.parametrize(
    ("policy", "limit", "restarts"),
    [("Never", 4, None), ("OnFailure", 4, 4), ("ExitCode", 0, 0), ("Always", None, 3)],
)
def test_restarts_are_those_of_the_job(policy, limit, restarts):
    template = {"spec": {"containers": [{"name": "tensorflow", "command": ["x"]}]}}
    replica = {"restartPolicy": policy, "template": template}
    more = {} if limit is None else {"runPolicy": {"backoffLimit": limit}}
    made = of({"tfReplicaSpecs": {"Worker": replica}, **more})
    assert made.job.get("max_restarts") == restarts


def test_workers_beside_a_chief_and_servers_end_it_only_where_that_was_asked_for():
    replica = {"template": {"spec": {"containers": [{"name": "tensorflow", "command": ["x"]}]}}}
    roles = {"Worker": replica, "Chief": replica, "PS": replica}
    assert "completes" not in of({"tfReplicaSpecs": roles}).job["roles"]["worker"]
    said = of({"tfReplicaSpecs": roles, "successPolicy": "AllWorkers"}).job["roles"]["worker"]
    assert said["completes"] is True


def test_run_says_what_a_template_does_not():
    text = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: a}
        spec: {backoffLimit: 0, template: {spec: {containers: [{name: a, image: b, args: [c]}]}}}
        """
    made = importing.from_text(textwrap.dedent(text), "job", "python /train.py --lr 1")
    assert (made.job["run"], made.job["args"]) == ("python /train.py --lr 1", ["c"])
    assert "does not say which framework it is of" in noted(made)


def test_roles_that_run_different_things_keep_each_their_own_words():
    text = """
        hyperparams: {batchsize: 1}
        worker: {number: 1, command: [python, /w.py]}
        chief: {number: 1, command: [python, /c.py]}
        """
    made = spec.well_formed(importing.from_text(textwrap.dedent(text), "values").text, "job.yaml")
    runs = {name: (role.run.command, role.args) for name, role in made.roles.items()}
    assert runs == {
        "worker": (("python", "/w.py"), ("--batch_size=1",)),
        "chief": (("python", "/c.py"), ("--batch_size=1",)),
    }


WORDS = [
    ["train.py"],
    ["train.py", "a b", "${x}", "$(y)", ""],
    ["train.py", "ü", "line\nbreak", "x" * 200],
    ["-m", "lab.fit", "ü"],
    ["prog", "ü", "'", '"', "\\"],
    ["sh", "-c", "echo 'a' && exit"],
    ["~/train.py", "a"],
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0])
def test_words_are_run_as_they_were(words):
    text = spec.as_yaml(run_of(words))
    made = spec.well_formed(text, "job.yaml")
    run = made.run
    target = [run.script] if run.script else ["-m", run.module] if run.module else run.command
    assert [*target, *made.args] == [word.removeprefix("./") for word in words]


def test_a_script_may_end_with_anything():
    made = spec.well_formed(spec.as_yaml(script("fit", ["${x}"])), "job.yaml")
    assert (made.run.script, made.args) == ("fit", ("${x}",))

"""What is wrong with a source is told with its place, all at once, and nothing is written."""

from __future__ import annotations

import pytest

from rankzero import importing
from rankzero.errors import BadRequest
from rankzero.spec import SpecError

HEAD = """\
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a}
spec:
  pytorchReplicaSpecs:
"""
POD = "{spec: {containers: [{name: pytorch, image: a, command: [python, /t.py]}]}}"


def workers(container: str) -> str:
    """A PyTorchJob of workers with this in their container; it stands in line 8."""
    first = "{name: pytorch, image: a, command: [x]"
    line = f"    Worker:\n      template:\n        spec: {{containers: [{first}, {container}}}]}}\n"
    return HEAD + line


def replicas(text: str) -> str:
    """One with these replicas; they stand in line 6."""
    return f"{HEAD}    {text}\n      template: {POD}\n"


WHERE = "spec.pytorchReplicaSpecs.Worker.template.spec.containers"
FILES = [
    (
        replicas("Worker:\n      replicas: -2"),
        ":7: spec.pytorchReplicaSpecs.Worker.replicas: must be a whole number, at least 0; got -2",
    ),
    (
        replicas("Worker:\n      replicas: two"),
        ":7: spec.pytorchReplicaSpecs.Worker.replicas: must",
    ),
    (replicas("Master:\n      replicas: 2"), "must be 1 of Master; got 2"),
    (
        replicas("Workers:"),
        ':6: spec.pytorchReplicaSpecs.Workers: is no kind of replica; did you mean "Worker"?',
    ),
    (replicas("Worker:\n      replicas: 0"), ":5: spec.pytorchReplicaSpecs: has no replicas"),
    (replicas("Worker:\n      restartPolicy: onfailure"), 'did you mean "OnFailure"?'),
    (
        HEAD + "    Worker:\n      replicas: 2\n",
        ":6: spec.pytorchReplicaSpecs.Worker: must have a template",
    ),
    (
        HEAD.replace("Specs", "Spec") + "    {}",
        'must have `pytorchReplicaSpecs`; did you mean "pytorchReplicaSpec"?',
    ),
    (
        replicas("Worker:").replace("name: pytorch", "name: torch"),
        ":7: spec.pytorchReplicaSpecs."
        'Worker.template.spec.containers: must have a container "pytorch"; there is torch',
    ),
    (
        replicas("Worker:").replace(", command: [python, /t.py]", ""),
        "does not say what it runs, and what its image would run is not known; add --run",
    ),
    (
        workers("image: b"),
        f":8: {WHERE}[0].image: is given twice, first in line 8; keep one of them",
    ),
    (
        workers("resources: {requests: {cpu: 4}, limits: {cpu: 2}}"),
        f":8: {WHERE}[0].resources.limits.cpu: is less than what is requested, 4; got 2",
    ),
    (workers("resources: {limits: {nvidia.com/gpu: -1}}"), "must be a whole number, at least 0"),
    (workers("resources: {limits: {memory: 8Gigs}}"), "is not a quantity; write 8Gi"),
    (
        workers("volumeMounts: [{name: data, mountPath: /d}]"),
        'there is no volume "data" in the pod',
    ),
    (workers("imagePullPolicy: Sometimes"), 'must be Always, IfNotPresent, Never; got "Sometimes"'),
    (workers("env: {A: b}"), f"{WHERE}[0].env: must be a list; got a mapping"),
    (workers("ports: [{containerPort: 70000, name: a}]"), "ports.a: must be a port, 1 to 65535"),
    (
        workers("volumeMounts: [{name: d, mountPath: /}]").replace(
            "]}]}", "]}], volumes: [{name: d}]}"
        ),
        "volumes.d.path: must lie beside /rankzero",
    ),
    (workers("image: b").replace("}]}", "}, []]}"), f"{WHERE}[1]: must be a mapping; got a list"),
    (
        HEAD.replace("kubeflow.org/v1", "kubeflow.org/v2beta1"),
        ':1: apiVersion: must be kubeflow.org/v1 for a PyTorchJob; got "kubeflow.org/v2beta1"',
    ),
    (
        "kind: PytorchJob",
        ':1: kind: "PytorchJob" is no kind that can be imported; did you mean "PyTorchJob"?',
    ),
    ("kind: MPIJob", "known are PyTorchJob, TFJob, Job"),
    (
        f"{replicas('Worker:')}---\n{replicas('Worker:')}",
        ":9: is a second job, after that of line 1",
    ),
    ("apiVersion: batch/v1\nkind: Job\nspec: {completionMode: indexed}", 'did you mean "Indexed"?'),
    ("a: 1", ":1: is no object of Kubernetes, and no values with `worker` or `ps`"),
    ("# nothing\n", "source.yaml: is empty"),
    ("torchrun train.py\n", "a command line stands after --"),
    ("run: train.py\n", ":1: is rankzero's own: rankzero run source.yaml"),
    ("a: b\n  c: d\n", ":2: is not YAML: mapping values are not allowed"),
    ("a:\n\tb: 1\n", ":2: has a tab; YAML wants spaces there"),
]
VALUES = [
    ("worker: {number: -1}", ":1: worker.number: must be a whole number, at least 1; got -1"),
    ("worker: {number: 0}\nps: {number: 1}", ":1: worker.number: must be a whole number"),
    ("ps: {number: 1}", "must have a `worker` or a `chief`; nobody would train"),
    ("worker: {number: 1}\nworker: {number: 2}", ":2: worker: is given twice, first in line 1"),
    ("worker:\n  limit: {cpu: 1}\n  limit: {cpu: 2}", ":3: worker.limit: is given twice"),
    (
        "worker:\n  resources:\n    limits:\n      nvidia.com/gpu:1\n",
        'worker.resources.limits: must be a mapping; got "nvidia.com/gpu:1"',
    ),
    ("worker:\n  number: 1\n  gpuCount:2\n", ":4: is not YAML: could not find expected ':'"),
    ("worker: {gpuCount: two}", ":1: worker.gpuCount: must be a whole number, at least 0"),
    (
        "worker:\n  resources: {requests: {memory: 8Gi}, limits: {memory: 2Gi}}",
        ":2: worker.resources.limits.memory: is less than what is requested, 8Gi; got 2Gi",
    ),
    ("worker: {image: {tag: 1}}", "worker.image: must have a `repository`"),
    ("worker: {}\nhyperparams: {a: [1]}", ":2: hyperparams.a: must be a text, a number"),
    (
        "worker: {number: 1}\nhyperparams: {batchsize: 1, batch_size: 2}",
        "is the same option as another one: batch_size",
    ),
    ("worker: [1]", ":1: worker: must be a mapping; got a list"),
    (
        "worker:\n  number: {{ .Values.worker.number }}\n",
        "source.yaml:2: is a template of a Helm chart",
    ),
]


@pytest.mark.parametrize(("text", "said"), [*FILES, *VALUES])
def test_a_mistake_is_told_with_its_place(told, text, said):
    assert said in told(text, "source.yaml")


def test_mistakes_are_told_all_at_once():
    text = workers("image: b, imagePullPolicy: x, resources: {limits: {cpu: -1}}")
    with pytest.raises(SpecError) as caught:
        importing.from_text(text, "source.yaml")
    assert len(caught.value.problems) == 3
    assert all(problem.place.line == 8 for problem in caught.value.problems)


def test_what_only_a_job_file_refuses_is_said_in_its_words():
    text = "worker: {port: 70000}"
    with pytest.raises(BadRequest, match=r"source\.yaml is no job that rankzero can run") as caught:
        importing.from_text(text, "source.yaml")
    assert "ports.tensorflow: must be a port, 1 to 65535; got 70000" in str(caught.value)
    assert caught.value.exit_code == 2

"""values.yaml: all that people change, in Kubernetes' own notation where it has one."""

from __future__ import annotations

from typing import Any

from rankzero.export import pods
from rankzero.export.helm.words import Words, several
from rankzero.export.model import Outline, Part
from rankzero.export.terms import TASKS, master_port, tensorflow_port
from rankzero.export.text import Page, plainly, spelt
from rankzero.export.variables import escaped
from rankzero.plan.kubernetes import pod, volumes

Values = dict[str, Any]

_ROLES = "Each role is an Indexed Job. Pods are numbered from 0, and start at one time."
_FILLED = "What stands in {{ }} is filled in when the chart is: params, the release's name."
_PARAMS = "What ${NAME} stood for in the job file; args and env below name them."
_RESTARTS = "How many pods a Job may lose, and whether their containers start again (OnFailure)"


def text(outline: Outline) -> str:
    page = Page()
    return page.dump(spelt(_values(outline, page)))


def _values(outline: Outline, page: Page) -> Values:
    said = outline.job
    made: Values = {}
    if said.params:
        made |= {page.comment(_PARAMS): None, "params": _params(outline)}
    made[page.comment(f"{_ROLES}\n{_FILLED}")] = None
    made["roles"] = {part.role: role(outline, part) for part in outline.parts}
    if several(outline):
        made |= {
            page.comment("Ranks that torchrun starts in each pod"): None,
            "ranks": _each(outline),
        }
    if outline.framework not in ("tensorflow", "mpi"):
        made |= {page.comment("Where rank 0 listens"): None, "masterPort": master_port(outline)}
    made[page.comment(_RESTARTS)] = None
    made |= {
        "restartPolicy": "OnFailure" if said.max_restarts else "Never",
        "backoffLimit": pods.restarts(outline),
    }
    if pods.writes_outputs(outline) and said.output_volume is None:
        note = "The volume for outputs. An emptyDir goes with its pod; to keep them:\n"
        note += "persistentVolumeClaim: {claimName: NAME}"
        made |= {page.comment(note): None, "outputs": {"emptyDir": {}}}
    made["imagePullSecrets"] = [{"name": name} for name in said.pull_secrets]
    return made


def _each(outline: Outline) -> int:
    return max(part.each for part in outline.parts)


def _params(outline: Outline) -> Values:
    return {name: one.value for name, one in outline.job.params.items()}


def role(outline: Outline, part: Part) -> Values:
    """What the values say of a role."""
    said, asked, words = outline.job, part.asked, Words(outline)
    mounted = pods.user_volumes(outline, part, words)
    bare = asked.model_copy(update={"gpus": None})
    return {
        "nodes": part.pods,
        "image": part.image,
        "pullPolicy": asked.pull or "IfNotPresent",
        "args": [escaped(plainly(words.text(one))) for one in part.args],
        "ports": ports(outline, part),
        "gpus": asked.gpus or 0,
        "gpuResource": asked.gpu_resource,
        "resources": pod.resources(bare),
        "env": [
            *(
                {"name": name, "value": escaped(plainly(words.text(one)))}
                for name, one in {**said.env, **asked.env}.items()
            ),
            *(
                {"name": name, **pod.from_secret(one)}
                for name, one in {**said.secrets, **asked.secrets}.items()
            ),
        ],
        "envFrom": [pod.source(one) for one in (*said.env_from, *asked.env_from)],
        "nodeSelector": {**said.node_selector, **asked.node_selector},
        "tolerations": [
            one.model_dump(exclude_none=True) for one in (*said.tolerations, *asked.tolerations)
        ],
        "volumes": volumes.theirs(mounted),
        "volumeMounts": volumes.their_mounts(mounted),
    }


def ports(outline: Outline, part: Part) -> dict[str, int]:
    """By their names; TensorFlow's own among them."""
    found = dict(part.asked.ports)
    serves = part.role in TASKS or len(outline.parts) == 1
    if outline.framework == "tensorflow" and serves and part.role != "evaluator":
        found.setdefault("tensorflow", tensorflow_port(part))
    return found

"""The README of each form: what there is, what to type, what to change, what is missing."""

from __future__ import annotations

from typing import NamedTuple

from rankzero.export.code import MOST_APPLIED
from rankzero.export.model import Outline
from rankzero.export.pods import APP, COMPONENT
from rankzero.spec.params import text_of


def plain(outline: Outline) -> str:
    name = outline.job.name
    apply = f"kubectl apply{by_server(outline)}"
    return page(
        f"# {name}",
        what(outline, "Plain objects of Kubernetes; nothing else has to be installed."),
        "## Use it",
        console(f"{apply} -f .", *_looking(outline), "kubectl delete -f ."),
        _again(f"`kubectl delete -f . && {apply} -f .`"),
        *claims(outline),
        "## Change it",
        numbers(outline),
        *missing(outline),
    )


class Kind(NamedTuple):
    """An object of an operator's. name: its kind; done: its condition at a good end; needs: what
    the cluster must have; more: how it gets another number of pods, where not as Jobs do."""

    name: str
    done: str
    needs: str
    more: str = ""


def managed(outline: Outline, kind: Kind) -> str:
    """Of a form whose objects an operator looks after."""
    name = outline.job.name
    apply = f"kubectl apply{by_server(outline)}"
    plural = kind.name.lower()
    get, *logs, _ = _looking(outline)
    wait = f"kubectl wait --for condition={kind.done} --timeout 24h {plural}/{name}"
    return page(
        f"# {name}",
        what(outline, f"A {kind.name}: the cluster must have {kind.needs}.", ""),
        "## Use it",
        console(
            f"{apply} -f .", f"kubectl get {plural} {name}", get, *logs, wait, "kubectl delete -f ."
        ),
        _again(f"`kubectl delete -f . && {apply} -f .`", f"A {kind.name}"),
        *claims(outline),
        "## Change it",
        kind.more or numbers(outline),
        *missing(outline),
    )


def argo(outline: Outline) -> str:
    """Of a Workflow: each time it is submitted it has another name."""
    first = outline.parts[0].role
    return page(
        f"# {outline.job.name}",
        what(outline, "A Workflow: the cluster must have Argo Workflows."),
        "## Use it",
        "What all of its runs need, once, and after each change of the code:",
        console(f"kubectl apply{by_server(outline)} {' '.join(others(outline))}"),
        "A run, with a name of its own:",
        console(
            "kubectl create -f workflow.yaml",
            "kubectl get workflows",
            f"kubectl get pods -l {APP}=NAME -o wide",
            f"kubectl logs -f -l {APP}=NAME,{COMPONENT}={first} --prefix",
            "kubectl wait --for condition=Completed --timeout 24h workflow/NAME",
            "kubectl delete workflow NAME",
        ),
        "What a Workflow has made goes with it.",
        *claims(outline),
        "## Change it",
        numbers(outline) + " The Workflow waits for as many pods (`successCondition`).",
        *missing(outline),
    )


def others(outline: Outline) -> list[str]:
    """The files beside what is run each time, as options; an account's is the first."""
    names = ["account.yaml", *(["code.yaml"] if outline.code else [])]
    names += ["claims.yaml"] if _makes_claims(outline) else []
    names += ["rights.yaml"] if outline.job.api or outline.job.isolate else []
    return [f"-f {name}" for name in names]


def by_server(outline: Outline) -> str:
    return " --server-side" if _large(outline) else ""


def kustomize(outline: Outline) -> str:
    apply = f"kubectl apply -k overlays/mine{by_server(outline)}"
    delete = "kubectl delete -k overlays/mine"
    return page(
        f"# {outline.job.name}",
        what(outline, "A base, and an overlay to start from, for the kustomize in kubectl."),
        "## Use it",
        console("kubectl kustomize overlays/mine", apply, *_looking(outline), delete),
        _again(f"`{delete} && {apply}`"),
        *claims(outline),
        "## Change it",
        "The code is in `base/code`. What you want otherwise goes into `overlays/mine`; copy that "
        "folder for another place. " + numbers(outline),
        *missing(outline),
    )


def helm(outline: Outline) -> str:
    name = outline.job.name
    return page(
        f"# {name}",
        what(outline, "A chart for Helm 3."),
        "## Use it",
        console(
            "helm lint .",
            f"helm install {name} .",
            *_looking(outline),
            f"helm status {name}",
            f"helm uninstall {name}",
        ),
        "A Job cannot be changed, nor run twice. Another training is another release, with values "
        f"of its own: `helm install {name}-2 . --set {_example(outline)}`.",
        *_kept(outline),
        "## Change it",
        "All that people change is in `values.yaml`, volumes and resources in Kubernetes' own "
        f"notation; `values.schema.json` refuses what no template reads. {_count(outline)} The "
        "code is in `code`.",
        *missing(outline),
    )


def _count(outline: Outline) -> str:
    if outline.framework == "mpi":
        return "All ranks are in one pod; how many, stands behind `-np` in `args`."
    return "The number of pods stands once, in `nodes`: names and addresses are made from it."


def _example(outline: Outline) -> str:
    if outline.job.params:
        name, param = next(iter(outline.job.params.items()))
        return f"params.{name}={text_of(param.value)}"
    if outline.framework == "mpi":  # of which one pod holds all
        return f"roles.{outline.parts[0].role}.image={outline.parts[0].image}"
    return f"roles.{outline.parts[0].role}.nodes={outline.parts[0].pods + 1}"


def _kept(outline: Outline) -> list[str]:
    if not _makes_claims(outline):
        return []
    return [
        "Claims that the job keeps stay when a release is uninstalled "
        "(`helm.sh/resource-policy: keep`)."
    ]


def page(*parts: str) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def what(outline: Outline, first: str, last: str = ": each role is an Indexed Job") -> str:
    roles = ", ".join(
        f"{part.pods} {'pod' if part.pods == 1 else 'pods'} of {part.role}"
        + (f" with {part.each} ranks each" if part.each > 1 else "")
        for part in outline.parts
    )
    return f"{first} It runs {roles} ({outline.framework}){last}."


def console(*lines: str) -> str:
    return "\n".join(("```console", *(f"$ {line}" for line in lines), "```"))


def _looking(outline: Outline) -> list[str]:
    name, first = outline.job.name, outline.parts[0].role
    jobs = " ".join(f"job/{name}-{part.role}" for part in outline.parts if part.completes)
    return [
        f"kubectl get pods -l {APP}={name} -o wide",
        f"kubectl logs -f -l {APP}={name} --all-containers --prefix --max-log-requests 50",
        f"kubectl logs -f -l {APP}={name},{COMPONENT}={first} --prefix",
        f"kubectl wait --for condition=complete --timeout 24h {jobs}",
    ]


def _again(how: str, what: str = "A Job") -> str:
    return (
        f"{what} cannot be changed, nor run twice. After a change of any file, and to run it "
        f"again: {how}."
    )


def claims(outline: Outline) -> list[str]:
    if not _makes_claims(outline):
        return []
    return [
        "**What deletes everything also deletes the claims in `claims.yaml`, with all that is on "
        "them.** Delete the other files by their names to keep them."
    ]


def _makes_claims(outline: Outline) -> bool:
    made = [*outline.job.volumes.values()]
    made += [one for part in outline.parts for one in part.asked.volumes.values()]
    return any(one.made for one in made)


def numbers(outline: Outline) -> str:
    if outline.framework == "mpi":
        return (
            "All ranks are in one pod; their number stands behind `-np`. The name stands in the "
            "Service, in `subdomain` and in the labels: change it everywhere or nowhere."
        )
    where = {
        "tensorflow": "every `TF_CONFIG`",
        "jax": "`JAX_NUM_PROCESSES` and `OMPI_COMM_WORLD_SIZE`",
    }.get(outline.framework, "every `WORLD_SIZE`")
    if any(part.each > 1 for part in outline.parts):
        where = "every `PET_NNODES`"
    return (
        "Another number of pods takes `completions`, `parallelism` and "
        f"{where}, in all files. The name stands in the Service, in `subdomain`, in the labels and "
        "in the addresses of the environment: change it everywhere or nowhere."
    )


def _large(outline: Outline) -> bool:
    if outline.code is None:
        return False
    texts = sum(len(text.encode()) for text in outline.code.texts.values())
    return texts + sum(map(len, outline.code.binaries.values())) > MOST_APPLIED


def missing(outline: Outline) -> list[str]:
    rows = [f"| {note.what} | {note.instead} |" for note in outline.notes]
    table = ["| with rankzero | here |", "|---|---|", *rows]
    return ["## What is not here", "\n".join(table)]

"""What `rankzero doctor --rbac` prints: which rights, for whom, and as which text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rankzero.plan.kubernetes.rbac import Subject
    from rankzero.plan.kubernetes.rights import Rule


def rules(
    file: str | None, *, pipelines: bool, client: bool, driver: bool
) -> tuple[tuple[Rule, ...], str]:
    """Those that were asked for, and the name of what they are for; empty for the usual ones."""
    if driver:
        return _of_driver()
    return _of_pipelines(client) if pipelines else _of_job(file)


def _of_driver() -> tuple[tuple[Rule, ...], str]:
    from rankzero.plan.kubernetes import driver

    return driver.rules(), "driver"


def _of_pipelines(client: bool) -> tuple[tuple[Rule, ...], str]:
    from rankzero.plan.kubernetes import driver
    from rankzero.plan.kubernetes.rights import SERVING, SOME_VERBS

    # Services that pipelines leave are looked after by who runs pipelines.
    usual = (*SOME_VERBS, *SERVING)
    if client:
        return (*driver.for_users("any"), *driver.SERVING, *usual), "clients"
    return (*driver.for_users(), *usual), "pipelines"


def _of_job(file: str | None) -> tuple[tuple[Rule, ...], str]:
    """What runs and services need, or a job; and the job's name."""
    from rankzero.plan.kubernetes.rights import SERVING, SOME_VERBS, needed

    if file is None:
        return (*needed(), *SOME_VERBS, *SERVING), ""
    from rankzero import spec
    from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
    from rankzero.plan.kubernetes.facts import Facts
    from rankzero.plan.model import Code

    # Which kinds of objects there will be does not depend on where, on the code, or on the image.
    job = spec.from_target(file)
    code, anywhere = Code(job.workdir, 0, 0, ""), Facts("", "", "any")
    plan = compile_kubernetes(job, spec.detect(job), code, anywhere, job.name, Freight(b""))
    return (*needed(plan.manifests), *SOME_VERBS, *SERVING), job.name


def subjects(
    users: tuple[str, ...],
    groups: tuple[str, ...],
    accounts: tuple[str, ...],
    namespace: str | None,
) -> list[Subject]:
    """Errors: BadRequest for an account of which nobody knows where it is."""
    from rankzero.errors import BadRequest
    from rankzero.plan.kubernetes.rbac import Subject

    found = [Subject("User", name) for name in users] + [Subject("Group", name) for name in groups]
    for account in accounts:
        where, _, name = account.rpartition(":")
        if not (where or namespace):
            raise BadRequest(
                f"--serviceaccount: in which namespace is {name}?",
                f"Say it: --serviceaccount NS:{name}, or --namespace NS for account and rights.",
            )
        found.append(Subject("ServiceAccount", name, where or str(namespace)))
    return found


def as_yaml(objects: list[dict[str, Any]], rules: tuple[Rule, ...]) -> str:
    """With the reason above each rule: an administrator is to judge it."""
    import yaml

    def dumped(thing: object) -> str:
        return str(yaml.safe_dump(thing, sort_keys=False, default_flow_style=None))

    role, *others = objects
    head = {key: value for key, value in role.items() if key != "rules"}
    parts = [f"# {rule.why}\n{dumped([rule.to_json()])}" for rule in rules]
    documents = [dumped(head) + "rules:\n" + "".join(parts), *map(dumped, others)]
    return "---\n".join(documents)

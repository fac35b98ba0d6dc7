"""The volumes of steps: as they are written, and as a job has them. Pure."""

from __future__ import annotations

from rankzero.spec.cluster_kinds import ACCESS
from rankzero.spec.given import Given, literal
from rankzero.spec.pipelines.model import Pipeline, Step
from rankzero.spec.pods import Source, Volume

#: Where a volume is for steps that do not say it.
_BY_DEFAULT = "/volumes/{}"


def volumes_of(pipeline: Pipeline, step: Step) -> dict[str, Volume]:
    """What a job of this step mounts, by the names that the pipeline gives."""
    return {
        name: Volume.model_validate(
            {
                **source(pipeline, name).model_dump(by_alias=True, exclude_none=True),
                **mount.model_dump(exclude_none=True),
            }
        )
        for name, mount in step.mounts.items()
    }


def source(pipeline: Pipeline, name: str) -> Source:
    """A volume of the pipeline; who may mount it is settled here, for all steps together: the step
    that comes first makes it, and others may have more pods. That for outputs is every step's."""
    found = pipeline.volumes[name]
    if not found.made or found.access is not None:
        return found
    all_have_it = name == pipeline.output_volume
    users = [step for step in pipeline.steps.values() if all_have_it or name in step.mounts]
    several = len(users) > 1 or any(map(_has_several_pods, users))
    mode = ACCESS["many" if several else "once"]
    return found.model_copy(update={"access": mode})


def _has_several_pods(step: Step) -> bool:
    roles = (step.job or {}).get("roles", {}).values()
    return step.for_each is not None or sum(one["nodes"]["maximum"] for one in roles) > 1


def mounts(given: Given) -> Given:
    """`[data]`, or `data` alone, is short for `{data: /volumes/data}`, and that for `{data: {path:
    /volumes/data}}`; `:ro` behind the path is for one that is only read."""
    if given.is_scalar:
        given = given._replace(value=[given])
    if isinstance(given.value, list):
        named = {one.text: literal(_BY_DEFAULT.format(one.text), one.place) for one in given.items}
        given = given._replace(value=named)
    if not isinstance(given.value, dict):
        return given
    return given._replace(value={name: _mount(name, one) for name, one in given.entries.items()})


def _mount(name: str, given: Given) -> Given:
    if given.is_scalar:
        path = given.text.removesuffix(":ro")
        only_read = Given(True, given.place, "true") if path != given.text else None
        made = given._replace(value={"path": literal(path, given.place)})
        return made.having(read_only=only_read)
    if given.value is None or (isinstance(given.value, dict) and "path" not in given.value):
        by_default = literal(_BY_DEFAULT.format(name), given.place)
        return given._replace(value=given.entries).having(path=by_default)
    return given

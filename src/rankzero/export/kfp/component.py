"""One pod as a step like any other: a container with what the SDK has words for.

It has none for rights with the API, a priority, a wall, a queue, ports that others see, a group
that volumes belong to, or restarts in place: such a job's pod is a Job's, as those of several are.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from rankzero.export import layout
from rankzero.export.code import key
from rankzero.export.kfp.words import literal, word
from rankzero.export.model import Code, Outline, Part
from rankzero.export.pods import APP, COMPONENT, template
from rankzero.export.terms import Plainly
from rankzero.export.text import Page
from rankzero.spec.params import unmarked

Object = dict[str, Any]

#: What a pod of Kubeflow Pipelines is anyway, or what makes no difference to one pod.
_ANYWAY = {
    *("subdomain", "restartPolicy", "automountServiceAccountToken", "initContainers"),
    *("containers", "volumes", "securityContext"),
}
_SAID = {"nodeSelector", "tolerations", "imagePullSecrets"}
_INDEX = "fieldRef"
#: About as much Linux takes as one word of a command.
_WORD = 100_000


class Alone(Plainly):
    """One pod, which nobody looks for. Params keep their marks."""

    def host(self, part: Part, number: int | str) -> str:
        return "localhost"

    def text(self, said: str) -> str:
        return said


def fits(outline: Outline) -> bool:
    """Whether a job is one pod, and the SDK has words for all that it says."""
    job, (part, *others) = outline.job, outline.parts
    if others or part.pods > 1 or job.max_restarts or job.isolate or job.queue:
        return False
    if job.pod or part.asked.pod or job.env_from or part.asked.env_from:
        return False
    spec = _pod(outline)["spec"]
    (container,) = spec["containers"]
    devices = [name for name in _limits(container) if name != "memory"]
    return (
        spec.keys() <= _ANYWAY | _SAID
        and len(devices) <= 1
        and all(_mounts_as_it_is(part, one, spec) for one in container["volumeMounts"])
        # Argo would fill something in there.
        and "{{" not in unmarked(json.dumps(container, ensure_ascii=False), lambda _: "{")
        and (outline.code is None or len(_laid_out(outline.code)) < _WORD)
    )


def spec(outline: Outline, known: Mapping[str, str]) -> list[str]:
    """The lines of the component's container. known: params, by their names in Python."""
    container = _pod(outline)["spec"]["containers"][0]
    # Variables that hold a parameter are known when the step begins.
    given = [f"{name}={value}" for name, value in _variables(container) if _is_given(value)]
    command = [*(["env", *given] if given else []), *container["command"]]
    if outline.code is not None:
        command = ["/bin/sh", "-c", _laid_out(outline.code), *command]
    else:
        command = ["/bin/sh", "-c", _started(outline.folder), *command]
    words = [f"{word(one, known)}," for one in command]
    args = [f"{word(one, known)}," for one in container.get("args", [])]
    lines = ["image=IMAGE,", "command=[", *(f"    {one}" for one in words), "],"]
    return [*lines, *(["args=[", *(f"    {one}" for one in args), "],"] if args else [])]


def calls(outline: Outline) -> Iterator[str]:
    """What is said of the step, in the SDK's words, as calls without `step`."""
    pod, part = _pod(outline), outline.parts[0]
    (container,) = pod["spec"]["containers"]
    for name, value in _variables(container):
        if not _is_given(value):
            yield _call("step.set_env_variable", name, value)
    yield from _secrets(container)
    yield from _resources(container)
    yield from _volumes(pod["spec"], container)
    yield from _placing(pod)
    security = pod["spec"]["securityContext"]
    if "runAsUser" in security:
        names = {"runAsUser": "run_as_user", "runAsGroup": "run_as_group"}
        said = {python: security[name] for name, python in names.items()}
        yield _call("kubernetes.set_security_context", **said)
    if part.asked.pull:
        yield _call("kubernetes.set_image_pull_policy", part.asked.pull)


def _pod(outline: Outline) -> Object:
    """The pod that a Job would have, as plain data."""
    page = Page()
    made = template(outline, outline.parts[0], Alone(outline), page)
    found: Object = yaml.safe_load(page.dump(made))
    return found


def _variables(container: Object) -> Iterator[tuple[str, str]]:
    """A pod's number is known: it is the only one."""
    numbers = [one["name"] for one in container["env"] if _INDEX in one.get("valueFrom", {})]
    for one in container["env"]:
        if one["name"] in numbers:
            yield one["name"], "0"
        elif "value" in one:
            value = one["value"]
            for name in numbers:
                value = value.replace(f"$({name})", "0")
            yield one["name"], value


def _is_given(text: str) -> bool:
    return unmarked(text, lambda _: "") != text


def _secrets(container: Object) -> Iterator[str]:
    for one in container["env"]:
        named = one.get("valueFrom", {}).get("secretKeyRef")
        if named:
            keys = {named["key"]: one["name"]}
            about = {"secret_name": named["name"], "secret_key_to_env": keys}
            yield _call("kubernetes.use_secret_as_env", **about)


def _limits(container: Object) -> Mapping[str, str]:
    return dict(container.get("resources", {}).get("limits", {}))


def _resources(container: Object) -> Iterator[str]:
    asked = container.get("resources", {})
    for kind in ("cpu", "memory"):
        for what in ("request", "limit"):
            amount = asked.get(f"{what}s", {}).get(kind)
            if amount is not None:
                yield _call(f"step.set_{kind}_{what}", amount)
    for name, count in _limits(container).items():
        if name != "memory":
            yield _call("step.set_accelerator_type", name)
            yield _call("step.set_accelerator_limit", count)


def _mounts_as_it_is(part: Part, mount: Object, spec: Object) -> bool:
    source = _source(mount["name"], spec)
    if "emptyDir" in source:
        return "subPath" not in mount
    # Without a group of their own volumes are whoever's the image says.
    claims = "persistentVolumeClaim" in source and part.asked.user == "image"
    return claims and not mount.get("readOnly") and mount["mountPath"] != layout.OUTPUTS


def _source(name: str, spec: Object) -> Object:
    found: Object = next(one for one in spec["volumes"] if one["name"] == name)
    return found


def _volumes(spec: Object, container: Object) -> Iterator[str]:
    if "initContainers" in spec:
        code = _source("code", spec)["configMap"]["name"]
        about = {"config_map_name": code, "mount_path": layout.CODE}
        yield _call("kubernetes.use_config_map_as_volume", **about)
    for mount in container["volumeMounts"]:
        source, path = _source(mount["name"], spec), {"mount_path": mount["mountPath"]}
        if "emptyDir" in source:
            said = {"medium": "medium", "sizeLimit": "size_limit"}
            more = {said[key]: value for key, value in source["emptyDir"].items()}
            about = {"volume_name": mount["name"], **path, **more}
            yield _call("kubernetes.empty_dir_mount", **about)
        else:
            claim = source["persistentVolumeClaim"]["claimName"]
            inner = {"sub_path": mount["subPath"]} if "subPath" in mount else {}
            yield _call("kubernetes.mount_pvc", pvc_name=claim, **path, **inner)


def _placing(pod: Object) -> Iterator[str]:
    spec, meta = pod["spec"], pod["metadata"]
    for name, value in spec.get("nodeSelector", {}).items():
        yield _call("kubernetes.add_node_selector", name, value)
    for one in spec.get("tolerations", []):
        about = {key: value for key, value in one.items() if key != "tolerationSeconds"}
        if "tolerationSeconds" in one:
            about["toleration_seconds"] = one["tolerationSeconds"]
        yield _call("kubernetes.add_toleration", **about)
    for name, value in meta["labels"].items():
        if name not in (APP, COMPONENT):
            yield _call("kubernetes.add_pod_label", name, value)
    for name, value in meta.get("annotations", {}).items():
        yield _call("kubernetes.add_pod_annotation", name, value)


def _call(name: str, *words: Any, **named: Any) -> str:  # noqa: ANN401
    step = ["step"] if name.startswith("kubernetes.") else []
    said = [*step, *map(literal, words), *(f"{key}={literal(one)}" for key, one in named.items())]
    return f"{name}({', '.join(said)})"


def _laid_out(code: Code) -> str:
    """A ConfigMap has no folders, and cannot be written to: what a shell makes of it."""
    if not code.programs & set(code.names) and all(key(name) == name for name in code.names):
        copied = [f"cp -rL {layout.CODE}/..data/. {layout.WORK}"]
    else:
        copied = [
            f"install -D -m {755 if name in code.programs else 644} "
            f"{layout.CODE}/{key(name)} {layout.WORK}/{name}"
            for name in code.names
        ]
    return " && ".join([*copied, _started(layout.WORK)])


def _started(folder: str) -> str:
    """What stands behind it is a command, whatever signs its words hold."""
    return f'cd {shlex.quote(folder)} && exec "$0" "$@"'

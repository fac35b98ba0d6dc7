"""The chart's objects: those of plain files, with the values' names in place of values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rankzero.export import objects, pods
from rankzero.export.helm.words import Words, role
from rankzero.export.model import Files, Outline, Part
from rankzero.export.text import DEEPER, DEPTH, Page, expression
from rankzero.plan.kubernetes import names, volumes

Object = dict[str, Any]

_WITH = "{{- with %s }}\n%s:\n  {{- toYaml . | nindent %s }}\n{{- end }}"
_MORE = "{{- with %s }}\n{{- tpl (toYaml .) $ | nindent %s }}\n{{- end }}"
#: A value is quoted when its places are filled in: what a param holds is no YAML.
_ENV = f"""\
{{{{- range $role.env }}}}
- name: {{{{ .name }}}}
  {{{{- if hasKey . "value" }}}}
  value: {{{{ tpl (toString .value) $ | quote }}}}
  {{{{- else }}}}
  {{{{- toYaml (omit . "name") | nindent {DEEPER} }}}}
  {{{{- end }}}}
{{{{- end }}}}"""
_PULL = "imagePullPolicy: {{ $role.pullPolicy }}"
_ARGS = "  {{- range $role.args }}\n  - {{ tpl . $ | quote }}\n  {{- end }}"
_PORTS = """\
{{- with $role.ports }}
ports:
  {{- range $name, $port := . }}
  - name: {{ $name }}
    containerPort: {{ $port }}
  {{- end }}
{{- end }}"""
_RESOURCES = 'resources:\n  {{- include "%s.resources" $role | nindent %s }}'
_OUTPUTS = f"{{{{- toYaml .Values.outputs | nindent {DEPTH} }}}}"
_DATA = """\
data:
  {{- range $path, $content := .Files.Glob "code/**" }}
  {{ trimPrefix "code/" $path | replace "/" "--" | quote }}: {{ toString $content | toJson }}
  {{- end }}"""
_BOTH = """\
{{- $binary := BINARY }}
data:
  {{- range $path, $content := .Files.Glob "code/**" }}
  {{- if not (has $path $binary) }}
  {{ trimPrefix "code/" $path | replace "/" "--" | quote }}: {{ toString $content | toJson }}
  {{- end }}
  {{- end }}
binaryData:
  {{- range $binary }}
  {{ trimPrefix "code/" . | replace "/" "--" | quote }}: {{ $.Files.Get . | b64enc }}
  {{- end }}"""
_KEEP = {"helm.sh/resource-policy": "keep"}


def files(outline: Outline) -> Files:
    named = _named(outline)
    words = Words(named)
    made: Files = {
        "templates/service.yaml": Page().template(objects.service(named, words)),
        **({"templates/code.yaml": _code(named, words)} if named.code else {}),
    }
    for title, some in (
        ("claims", [_kept(one) for one in objects.volume_claims(outline, words)]),
        ("rights", objects.rights(named, words)),
    ):
        if some:
            made[f"templates/{title}.yaml"] = "---\n".join(Page().template(one) for one in some)
    for part in named.parts:
        made[f"templates/{part.role}.yaml"] = _job(named, part, words)
    return made


def _named(outline: Outline) -> Outline:
    """With the values' words where a pod says its image and what that gets."""
    image = expression("$role.image | quote")
    return replace(
        outline, parts=tuple(replace(part, args=(), image=image) for part in outline.parts)
    )


def _bare(outline: Outline, part: Part, words: Words, spec: Object) -> None:
    """Take from a pod's spec what the values say."""
    said, asked = outline.job, part.asked
    mounted = pods.user_volumes(outline, part, words)
    theirs = {one["name"] for one in volumes.theirs(mounted)}
    variables = {*said.env, *asked.env, *said.secrets, *asked.secrets}
    _drop(spec, "imagePullSecrets", "nodeSelector", "tolerations")
    spec["volumes"] = [one for one in spec["volumes"] if one["name"] not in theirs]
    for one in (*_of_ours(spec.get("initContainers", ())), *_of_ours(spec["containers"])):
        _drop(one, "imagePullPolicy", "ports", "envFrom", "resources")
        one["env"] = [each for each in one.get("env", ()) if each["name"] not in variables]
        mounts = one.get("volumeMounts", ())
        one["volumeMounts"] = [each for each in mounts if each["name"] not in theirs]
        if not one["env"]:
            del one["env"]


def _of_ours(containers: Iterable[Object]) -> Iterator[Object]:
    """Not those that the job's overlay adds."""
    return (one for one in containers if one["name"] in (names.CONTAINER, "code"))


def _drop(made: Object, *keys: str) -> None:
    for key in keys:
        made.pop(key, None)


def _kept(claim: Object) -> Object:
    """A claim of the job outlives a release as it outlives a run."""
    if claim["metadata"]["name"].startswith(expression(".Release.Name")):
        return claim
    return {**claim, "metadata": {**claim["metadata"], "annotations": _KEEP}}


def _job(outline: Outline, part: Part, words: Words) -> str:
    page = Page()
    made = pods.job(outline, part, words, page)
    made["spec"]["backoffLimit"] = expression(".Values.backoffLimit")
    spec = made["spec"]["template"]["spec"]
    _bare(outline, part, words, spec)
    spec["restartPolicy"] = expression(".Values.restartPolicy")
    for at, one in enumerate(spec.get("initContainers", ())):
        if one["name"] != "code":
            continue
        spec["initContainers"][at] = _before(
            page, one, {"command": [_PULL], "securityContext": [_with("resources")]}
        )
    spec["containers"][0] = _container(outline, spec["containers"][0], page)
    for at, one in enumerate(spec["volumes"]):
        if one["name"] == "outputs":
            slot = page.line(_OUTPUTS)
            spec["volumes"][at] = {"name": "outputs", slot: None}
    spec["volumes"].append(page.line(_MORE % ("$role.volumes", DEPTH)))
    pulls = _WITH % (".Values.imagePullSecrets", "imagePullSecrets", DEEPER)
    slots = {"containers": [pulls, _with("nodeSelector"), _with("tolerations")]}
    made["spec"]["template"]["spec"] = _before(page, spec, slots)
    return f"{{{{- $role := {role(part)} }}}}\n{page.template(made)}"


def _container(outline: Outline, made: Object, page: Page) -> Object:
    words = made.pop("args", [])
    args = "\n".join(["args:", *(f"  - {json.dumps(one)}" for one in words), _ARGS])
    if not words:
        args = f"{{{{- if $role.args }}}}\n{args}\n{{{{- end }}}}"
    made["env"].append(page.line(_ENV))
    made["volumeMounts"].append(page.line(_MORE % ("$role.volumeMounts", DEPTH)))
    resources = _RESOURCES % (outline.job.name, DEEPER)
    slots = {
        "command": [_PULL],
        "workingDir": [args],
        "securityContext": [_PORTS, _with("envFrom"), resources],
    }
    return _before(page, made, slots)


def _with(key: str) -> str:
    """A field of the pods that a role's values may have."""
    return _WITH % (f"$role.{key}", key, DEEPER)


def _before(page: Page, made: Mapping[str, Any], slots: Mapping[str, list[str]]) -> Object:
    """A mapping with lines of a template in front of some of its keys."""
    found: Object = {}
    for name, value in made.items():
        found |= {page.line(text): None for text in slots.get(name, ())}
        found[name] = value
    return found


def _code(outline: Outline, words: Words) -> str:
    """The ConfigMap, of whatever files are in the chart's folder."""
    assert outline.code is not None
    page = Page()
    made = objects.code_map(outline, words, page) or {}
    binary = sorted(outline.code.binaries)
    made.pop("data", None)
    made.pop("binaryData", None)
    lines = _DATA
    if binary:
        listed = " ".join(json.dumps(f"code/{name}") for name in binary)
        lines = _BOTH.replace("BINARY", f"list {listed}")
    made[page.line(lines)] = None
    return page.template(made)

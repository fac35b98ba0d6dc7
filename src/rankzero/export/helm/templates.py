"""The chart's objects: those of plain files, with the values' names in place of values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rankzero.export import objects, pods
from rankzero.export.helm.words import Words, role
from rankzero.export.model import Files, Outline, Part
from rankzero.export.text import DEEPER, DEPTH, Page, expression
from rankzero.spec.model import Job

Object = dict[str, Any]

_WITH = "{{- with %s }}\n%s:\n  {{- toYaml . | nindent %s }}\n{{- end }}"
_MORE = "{{- with %s }}\n{{- tpl (toYaml .) $ | nindent %s }}\n{{- end }}"
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
    bare = _bare(outline)
    words = Words(bare)
    made: Files = {
        "templates/service.yaml": Page().template(objects.service(bare, words)),
        **({"templates/code.yaml": _code(bare, words)} if bare.code else {}),
    }
    for title, some in (
        ("claims", [_kept(one) for one in objects.volume_claims(outline, words)]),
        ("rights", objects.rights(bare, words)),
    ):
        if some:
            made[f"templates/{title}.yaml"] = "---\n".join(Page().template(one) for one in some)
    for part in bare.parts:
        made[f"templates/{part.role}.yaml"] = _job(bare, part, words)
    return made


def _bare(outline: Outline) -> Outline:
    """Without all that the values say."""
    empty: Object = {"env": {}, "env_from": (), "secrets": {}, "tolerations": ()}
    empty |= {"node_selector": {}, "volumes": {}}
    parts = []
    for part in outline.parts:
        nothing: Object = {"ports": {}, "pull": None, "cpu": None, "memory": None, "gpus": None}
        asked = part.asked.model_copy(update={**empty, **nothing, "resources": {}})
        parts.append(replace(part, asked=asked, args=(), image=expression("$role.image | quote")))
    said: Job = outline.job.model_copy(update={**empty, "pull_secrets": ()})
    return replace(outline, job=said, parts=tuple(parts))


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
    spec["restartPolicy"] = expression(".Values.restartPolicy")
    for at, one in enumerate(spec.get("initContainers", ())):
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
    made["env"].append(page.line(_MORE % ("$role.env", DEPTH)))
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

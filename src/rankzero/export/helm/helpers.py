"""What the chart's templates share, and what Helm says after an installation."""

from __future__ import annotations

from rankzero.export.helm.words import Words
from rankzero.export.model import Outline
from rankzero.export.pods import APP, COMPONENT

_RESOURCES = """\
{{/* What a role's container asks for: its resources, and its GPUs by the cluster's name. */}}
{{- define "NAME.resources" -}}
{{- $resources := deepCopy .resources }}
{{- if .gpus }}
{{- $limits := merge (dict .gpuResource (toString .gpus)) (default dict $resources.limits) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}
"""
_CLUSTER = """
{{/* TensorFlow's tasks with their addresses, made from the numbers of pods. */}}
{{- define "NAME.cluster" -}}
BODY
{{- end }}
"""

_NOTES = """\
{{ .Chart.Name }} {{ .Chart.Version }} is release {{ .Release.Name }} in namespace
{{ .Release.Namespace }}, revision {{ .Release.Revision }}. Pods: COUNTS.

Its pods, and where they run:
  kubectl -n {{ .Release.Namespace }} get pods -o wide -l SELECTOR
What they print:
  kubectl -n {{ .Release.Namespace }} logs -f --prefix --max-log-requests 50 -l SELECTOR,FIRST
Wait for the end:
  kubectl -n {{ .Release.Namespace }} wait --for condition=complete --timeout 24h JOBS
SERVING
Once more, with other values (a Job cannot be changed):
  helm -n {{ .Release.Namespace }} install {{ .Release.Name }}-2 CHART --set KEY=VALUE
Remove all of it:
  helm -n {{ .Release.Namespace }} uninstall {{ .Release.Name }}
"""


def text(outline: Outline) -> str:
    """_helpers.tpl"""
    made = _RESOURCES
    if outline.framework == "tensorflow":
        made += _CLUSTER.replace("BODY", Words(outline).tasks())
    return made.replace("NAME", outline.job.name)


def notes(outline: Outline) -> str:
    """NOTES.txt"""
    counts = [f"{{{{ {Words.count(part)} }}}} of {part.role}" for part in outline.parts]
    ending = [part.role for part in outline.parts if part.completes]
    serving = [part.role for part in outline.parts if not part.completes]
    said = f"The pods of {', '.join(serving)} run until the release is uninstalled.\n"
    return (
        _NOTES.replace("COUNTS", ", ".join(counts))
        .replace("SELECTOR", f"{APP}={{{{ .Release.Name }}}}")
        .replace("FIRST", f"{COMPONENT}={outline.parts[0].role}")
        .replace("JOBS", " ".join(f"job/{{{{ .Release.Name }}}}-{role}" for role in ending))
        .replace("SERVING\n", said if serving else "")
    )

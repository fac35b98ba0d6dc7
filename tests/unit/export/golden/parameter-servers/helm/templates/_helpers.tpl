{{/* What a role's container asks for: its resources, and its GPUs by the cluster's name. */}}
{{- define "digits.resources" -}}
{{- $resources := deepCopy .resources }}
{{- if .gpus }}
{{- $limits := merge (dict .gpuResource (toString .gpus)) (default dict $resources.limits) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}

{{/* TensorFlow's tasks with their addresses, made from the numbers of pods. */}}
{{- define "digits.cluster" -}}
{{- $cluster := dict }}
{{- $hosts := list }}
{{- range $number := until (int .Values.roles.chief.nodes) }}
{{- $host := printf "%s-chief-%d.%s:%d" $.Release.Name $number $.Release.Name (int (default 2222 $.Values.roles.chief.ports.tensorflow)) }}
{{- $hosts = append $hosts $host }}
{{- end }}
{{- $_ := set $cluster "chief" $hosts }}
{{- $hosts := list }}
{{- range $number := until (int .Values.roles.worker.nodes) }}
{{- $host := printf "%s-worker-%d.%s:%d" $.Release.Name $number $.Release.Name (int (default 2222 $.Values.roles.worker.ports.tensorflow)) }}
{{- $hosts = append $hosts $host }}
{{- end }}
{{- $_ := set $cluster "worker" $hosts }}
{{- $hosts := list }}
{{- range $number := until (int .Values.roles.ps.nodes) }}
{{- $host := printf "%s-ps-%d.%s:%d" $.Release.Name $number $.Release.Name (int (default 3333 $.Values.roles.ps.ports.tensorflow)) }}
{{- $hosts = append $hosts $host }}
{{- end }}
{{- $_ := set $cluster "ps" $hosts }}
{{- toJson $cluster }}
{{- end }}

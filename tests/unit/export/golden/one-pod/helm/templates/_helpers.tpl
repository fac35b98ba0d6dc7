{{/* What a role's container asks for: its resources, and its GPUs by the cluster's name. */}}
{{- define "digits.resources" -}}
{{- $resources := deepCopy .resources }}
{{- if .gpus }}
{{- $limits := merge (dict .gpuResource (toString .gpus)) (default dict $resources.limits) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}

{{- define "pgsluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for "-headless". */}}
{{- define "pgsluice.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 54 | trimSuffix "-" }}
{{- else if contains (include "pgsluice.name" .) .Release.Name }}
{{- .Release.Name | trunc 54 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "pgsluice.name" .) | trunc 54 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pgsluice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pgsluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pgsluice.labels" -}}
{{ include "pgsluice.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "pgsluice.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "pgsluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "pgsluice.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* The configuration file: `config`, with the ports that services and probes use. */}}
{{- define "pgsluice.config" -}}
{{- $server := dict
      "listen_address" (printf "%s:%d" .Values.ports.address (int .Values.ports.grpc))
      "admin_listen_address" (printf "%s:%d" .Values.ports.address (int .Values.ports.admin)) }}
{{- $config := mergeOverwrite (deepCopy .Values.config) (dict "server" $server) }}
{{- toYaml $config }}
{{- end }}

{{/* One gRPC probe: (dict "port" n "service" name "settings" map). */}}
{{- define "pgsluice.probe" -}}
grpc:
  port: {{ .port }}
  service: {{ .service }}
{{ toYaml .settings }}
{{- end }}

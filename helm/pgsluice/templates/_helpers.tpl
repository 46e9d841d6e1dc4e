{{- define "pgsluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 58 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for "-headless" and "-test-health". */}}
{{- define "pgsluice.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 51 | trimSuffix "-" }}
{{- else if contains (include "pgsluice.name" .) .Release.Name }}
{{- .Release.Name | trunc 51 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "pgsluice.name" .) | trunc 51 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pgsluice.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "pgsluice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pgsluice.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of everything but the selected pods: (dict "root" $ "name" name). */}}
{{- define "pgsluice.labelsAs" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "pgsluice.labels" -}}
{{- include "pgsluice.labelsAs" (dict "root" . "name" (include "pgsluice.name" .)) }}
{{- end }}

{{/* How Prometheus is to ask. */}}
{{- define "pgsluice.scrape" -}}
path: /metrics
{{- with .Values.monitoring.scrape }}
interval: {{ .interval }}
scrapeTimeout: {{ .timeout }}
{{- end }}
{{- end }}

{{/* metadata of an object: (dict "root" $ "suffix" "-headless" "labels" map "annotations" map). */}}
{{- define "pgsluice.metadata" -}}
name: {{ include "pgsluice.fullname" .root }}{{ .suffix }}
namespace: {{ include "pgsluice.namespace" .root }}
labels:
  {{- include "pgsluice.labels" .root | nindent 2 }}
{{- with .labels }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "pgsluice.image" -}}
{{- $repository := .Values.image.repository }}
{{- with .Values.image.registry }}
{{- $repository = printf "%s/%s" . $repository }}
{{- end }}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "pgsluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "pgsluice.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* The configuration file: `config`, with the ports that Services and probes use. */}}
{{- define "pgsluice.config" -}}
{{- $server := dict
      "listen_address" (printf "%s:%d" .Values.ports.address (int .Values.ports.grpc))
      "admin_listen_address" (printf "%s:%d" .Values.ports.address (int .Values.ports.admin))
      "metrics_listen_address" (printf "%s:%d" .Values.ports.address (int .Values.ports.metrics)) }}
{{- $made := dict "server" $server }}
{{- with .Values.tls }}
{{- if .existingSecret }}
{{- $folder := "/run/secrets/pgsluice-server" }}
{{- $tls := dict "cert_file" (printf "%s/%s" $folder .certKey) "key_file" (printf "%s/%s" $folder .keyKey) }}
{{- if ne .clientCertificates "NONE" }}
{{- $_ := set $tls "client_ca_file" (printf "%s/%s" $folder .caKey) }}
{{- $_ := set $tls "client_certificates" .clientCertificates }}
{{- end }}
{{- $_ := set $server "tls" $tls }}
{{- else }}
{{- $_ := set $server "plaintext" "ALLOWED" }}
{{- end }}
{{- end }}
{{- with .Values.authentication }}
{{- if .enabled }}
{{- $authentication := dict "enabled" true }}
{{- if .tokensSecret }}
{{- $_ := set $authentication "tokens_file" (printf "/run/secrets/pgsluice-tokens/%s" .tokensKey) }}
{{- end }}
{{- if .jwksSecret }}
{{- $_ := set $authentication "jwt" (dict "jwks_file" (printf "/run/secrets/pgsluice-jwks/%s" .jwksKey)) }}
{{- end }}
{{- $_ := set $made "authentication" $authentication }}
{{- end }}
{{- end }}
{{- with .Values.namedStatements }}
{{- if .existingSecret }}
{{- $_ := set $made "named_statements" (dict "file" (printf "/run/secrets/pgsluice-statements/%s" .key)) }}
{{- end }}
{{- end }}
{{- if .Values.sharePoolSizes }}
{{- $_ := set $made "pools" (dict "fleet_size_file" "/etc/pgsluice-fleet/fleet_size") }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $made) }}
{{- end }}

{{/* One gRPC probe: (dict "port" n "service" name "settings" map). */}}
{{- define "pgsluice.probe" -}}
grpc:
  port: {{ .port }}
  service: {{ .service }}
{{ toYaml .settings }}
{{- end }}

{{/* A pod of `helm test`: (dict "root" $ "test" name "arguments" list of the command). */}}
{{- define "pgsluice.testPod" -}}
{{- $root := .root }}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "pgsluice.fullname" $root }}-test-{{ .test }}
  namespace: {{ include "pgsluice.namespace" $root }}
  labels:
    {{- /* Not the gateway's name: Services must not choose this pod. */}}
    {{- include "pgsluice.labelsAs"
          (dict "root" $root "name" (printf "%s-test" (include "pgsluice.name" $root)))
        | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "pgsluice.serviceAccountName" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  containers:
    - name: pgsluice
      image: {{ include "pgsluice.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [pgsluice]
      args:
        - --addr
        - {{ include "pgsluice.serviceHost" $root }}:{{ $root.Values.ports.grpc }}
        - --timeout
        - 15s
        {{- if $root.Values.tls.existingSecret }}
        - --cacert
        - /run/secrets/pgsluice-server/{{ $root.Values.tls.caKey }}
        {{- end }}
        {{- range .arguments }}
        - {{ . | quote }}
        {{- end }}
      resources:
        requests: {cpu: 10m, memory: 16Mi, ephemeral-storage: 1Mi}
        limits: {memory: 128Mi, ephemeral-storage: 16Mi}
      securityContext:
        {{- toYaml $root.Values.securityContext | nindent 8 }}
      {{- if $root.Values.tls.existingSecret }}
      volumeMounts:
        - name: ca
          mountPath: /run/secrets/pgsluice-server
          readOnly: true
  volumes:
    - name: ca
      secret:
        secretName: {{ $root.Values.tls.existingSecret }}
        items: [{key: {{ $root.Values.tls.caKey | quote }}, path: {{ $root.Values.tls.caKey | quote }}}]
      {{- end }}
{{- end }}

{{- define "pgsluice.serviceHost" -}}
{{ include "pgsluice.fullname" . }}.{{ include "pgsluice.namespace" . }}.svc
{{- end }}

{{/* The Secret mounted for TLS to PostgreSQL, as libpq's variables. */}}
{{- define "pgsluice.tlsEnvironment" -}}
{{- with .Values.database.tls -}}
{{- $folder := "/run/secrets/pgsluice-tls" -}}
- name: PGSSLMODE
  value: {{ .sslmode }}
- name: PGSSLROOTCERT
  value: {{ $folder }}/{{ .caKey }}
{{- with .certKey }}
- name: PGSSLCERT
  value: {{ $folder }}/{{ . }}
{{- end }}
{{- with .keyKey }}
- name: PGSSLKEY
  value: {{ $folder }}/{{ . }}
{{- end }}
{{- end }}
{{- end }}

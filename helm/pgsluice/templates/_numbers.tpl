{{/* What the chart computes of its values. */}}

{{/* Milliseconds of a duration like 1m30s: (dict "path" name "value" text). */}}
{{- define "pgsluice.milliseconds" -}}
{{- $text := toString .value }}
{{- if contains "${" $text }}
{{- fail (printf "%s: the chart computes with it, so it takes no variable" .path) }}
{{- end }}
{{- $units := dict "ns" 0.000001 "us" 0.001 "ms" 1.0 "s" 1000.0 "m" 60000.0 "h" 3600000.0 }}
{{- $sum := 0.0 }}
{{- range regexFindAll "[0-9.]+(ns|us|ms|s|m|h)" $text -1 }}
{{- $number := regexFind "[0-9.]+" . | float64 }}
{{- $sum = addf $sum (mulf $number (get $units (regexFind "[a-z]+" .))) }}
{{- end }}
{{- printf "%.0f" (ceil $sum) }}
{{- end }}

{{/* Seconds, rounded up, from SIGTERM to the end of a drain; 5s and 30s are the server's. */}}
{{- define "pgsluice.drainSeconds" -}}
{{- $delay := include "pgsluice.milliseconds" (dict "path" "config.shutdown.drain_delay"
      "value" (dig "shutdown" "drain_delay" "5s" .Values.config)) | int }}
{{- $deadline := include "pgsluice.milliseconds" (dict "path" "config.shutdown.drain_deadline"
      "value" (dig "shutdown" "drain_deadline" "30s" .Values.config)) | int }}
{{- div (add $delay $deadline 999) 1000 }}
{{- end }}

{{/* Seconds from the wish to stop to the end of a drain. */}}
{{- define "pgsluice.stopSeconds" -}}
{{- add (int .Values.preStopSleepSeconds) (include "pgsluice.drainSeconds" . | int) }}
{{- end }}

{{- define "pgsluice.gracePeriodSeconds" -}}
{{- $needed := include "pgsluice.stopSeconds" . | int }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- if kindIs "invalid" $given }}
{{- add $needed 10 }}
{{- else if le (int $given) $needed }}
{{- fail (printf "terminationGracePeriodSeconds: %d s end before a drain does (preStopSleepSeconds, drain_delay and drain_deadline are %d s); leave it out, or give more" (int $given) $needed) }}
{{- else }}
{{- int $given }}
{{- end }}
{{- end }}

{{- define "pgsluice.minReadySeconds" -}}
{{- $given := .Values.rollout.minReadySeconds }}
{{- if kindIs "invalid" $given }}
{{- include "pgsluice.stopSeconds" . }}
{{- else }}
{{- int $given }}
{{- end }}
{{- end }}

{{/* Pods at rest, at most. */}}
{{- define "pgsluice.pods" -}}
{{- if .Values.autoscaling.enabled }}
{{- int .Values.autoscaling.maxReplicas }}
{{- else }}
{{- int .Values.replicaCount }}
{{- end }}
{{- end }}

{{/*
Pods that may hold sessions while pods are replaced: all old ones and all new ones, since a
Deployment does not count those that it has told to stop. Fewer, if each new one has to be ready
for as long as a drain may take before the next old ones go: those before are gone by then.
*/}}
{{- define "pgsluice.mostPods" -}}
{{- $pods := include "pgsluice.pods" . | int }}
{{- $most := mul 2 $pods }}
{{- if ge (include "pgsluice.minReadySeconds" . | int) (include "pgsluice.stopSeconds" . | int) }}
{{- $most = min $most (add $pods (mul 2 (int .Values.rollout.maxSurge)) (int .Values.rollout.maxUnavailable)) }}
{{- end }}
{{- $most }}
{{- end }}

{{/* max_size of the own login's pool in a role before it is shared: (dict "root" $ "role" name). */}}
{{- define "pgsluice.poolSize" -}}
{{- $sizes := dict "NONE" 10 "DEVELOPMENT" 10 "TEST" 20 "PRODUCTION" 50 }}
{{- $profile := dig "profile" "NONE" .root.Values.config | upper }}
{{- $size := dig "pools" .role "max_size" (get $sizes $profile) .root.Values.config }}
{{- if or (kindIs "string" $size) (contains "${" $profile) }}
{{- fail (printf "config.profile, config.pools.%s.max_size: the chart computes with them, so they take no variables" .role) }}
{{- end }}
{{- int $size }}
{{- end }}

{{/* Gateways that one size is for. */}}
{{- define "pgsluice.fleetSize" -}}
{{- if .Values.sharePoolSizes }}
{{- max 1 (include "pgsluice.pods" . | int) }}
{{- else }}
{{- max 1 (dig "pools" "fleet_size" 1 .Values.config | int) }}
{{- end }}
{{- end }}

{{/*
Sessions that one pod opens with a server of this role, at most: its part of the pools of all
logins, no more than max_sessions_total, and the control session. (dict "root" $ "role" name)
*/}}
{{- define "pgsluice.podSessions" -}}
{{- $fleet := include "pgsluice.fleetSize" .root | int }}
{{- $own := include "pgsluice.poolSize" . | int }}
{{- $part := max 1 (div $own $fleet) }}
{{- $role := .role }}
{{- range $i, $login := (.root.Values.config.logins | default list) }}
{{- $size := dig $role "max_size" 0 $login }}
{{- if kindIs "string" $size }}
{{- fail (printf "config.logins[%d].%s.max_size: the chart computes with it, so it takes no variables" $i $role) }}
{{- end }}
{{- $part = add $part (max 1 (div (int $size | default $own) $fleet)) }}
{{- end }}
{{- $total := dig "pools" "max_sessions_total" 0 .root.Values.config | int }}
{{- if gt $total 0 }}
{{- $part = min $part (max 1 (div $total $fleet)) }}
{{- end }}
{{- add1 $part }}
{{- end }}

{{/* Sessions with one server in the worst case. Whichever is the primary, another may be next. */}}
{{- define "pgsluice.mostSessions" -}}
{{- $primary := include "pgsluice.podSessions" (dict "root" . "role" "primary") | int }}
{{- $replica := include "pgsluice.podSessions" (dict "root" . "role" "replica") | int }}
{{- mul (include "pgsluice.mostPods" . | int) (max $primary $replica) }}
{{- end }}

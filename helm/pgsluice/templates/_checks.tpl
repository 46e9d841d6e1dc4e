{{/* What values.schema.json cannot say. Each failure names the value and what to do. */}}
{{- define "pgsluice.checks" -}}
{{- include "pgsluice.checkSessions" . }}
{{- include "pgsluice.checkSecrets" . }}
{{- include "pgsluice.checkEnvironment" . }}
{{- include "pgsluice.checkCallers" . }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling: minReplicas is above maxReplicas" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (not .Values.autoscaling.targetCPUUtilizationPercentage) (not .Values.autoscaling.metrics) }}
{{- fail "autoscaling: there is nothing to scale for; give targetCPUUtilizationPercentage or metrics" }}
{{- end }}
{{- if and .Values.sharePoolSizes (or (dig "pools" "fleet_size" 0 .Values.config) (dig "pools" "fleet_size_file" "" .Values.config)) }}
{{- fail "sharePoolSizes: config.pools.fleet_size and fleet_size_file are then the chart's; leave them out" }}
{{- end }}
{{- if eq (int .Values.ports.grpc) (int .Values.ports.admin) }}
{{- fail "ports: grpc and admin are the same" }}
{{- end }}
{{- if has (int .Values.ports.metrics) (list (int .Values.ports.grpc) (int .Values.ports.admin)) }}
{{- fail "ports: metrics is the same as grpc or admin" }}
{{- end }}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled }}
{{- fail "monitoring: podMonitor and serviceMonitor would scrape every pod twice; enable one of them" }}
{{- end }}
{{- if and .Values.preStopSleepSeconds (semverCompare "<1.30.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "preStopSleepSeconds: Kubernetes %s cannot sleep by itself, 1.30 can; raise config.shutdown.drain_delay instead" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- with .Values.database.tls }}
{{- if ne (empty .certKey) (empty .keyKey) }}
{{- fail "database.tls: certKey and keyKey belong together" }}
{{- end }}
{{- if and .certKey (not .existingSecret) }}
{{- fail "database.tls.existingSecret: certKey names a key of a Secret that is not named" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pgsluice.checkCallers" -}}
{{- if and (not .Values.tls.existingSecret) (ne .Values.tls.clientCertificates "NONE") }}
{{- fail "tls.existingSecret: clientCertificates needs the gateway's own certificate, in a Secret that is not named" }}
{{- end }}
{{- with .Values.authentication }}
{{- if and .tokensSecret (not .enabled) }}
{{- fail "authentication.tokensSecret: enabled is false, so it is not used" }}
{{- end }}
{{- if and .jwksSecret (not .enabled) }}
{{- fail "authentication.jwksSecret: enabled is false, so it is not used" }}
{{- end }}
{{- $jwks := dig "authentication" "jwt" "jwks_file" "" $.Values.config }}
{{- if and .jwksSecret $jwks }}
{{- fail "authentication.jwksSecret: config.authentication.jwt.jwks_file is then the chart's; leave it out" }}
{{- end }}
{{- if and .enabled (not .tokensSecret) (not .jwksSecret) (not $jwks) (eq $.Values.tls.clientCertificates "NONE") }}
{{- fail "authentication.enabled: nobody could be known; give tokensSecret or jwksSecret, or set tls.clientCertificates" }}
{{- end }}
{{- end }}
{{- if and .Values.namedStatements.existingSecret (dig "named_statements" "file" "" .Values.config) }}
{{- fail "namedStatements.existingSecret: config.named_statements.file is then the chart's; leave it out" }}
{{- end }}
{{- if and .Values.config.callers (not .Values.authentication.enabled) }}
{{- fail "config.callers: authentication.enabled is false, so they are not used" }}
{{- end }}
{{- end }}

{{- define "pgsluice.checkSessions" -}}
{{- $most := include "pgsluice.mostSessions" . | int }}
{{- $limit := int .Values.postgresql.maxConnections }}
{{- $reserved := int .Values.postgresql.reservedConnections }}
{{- if and (gt $limit 0) (gt $most (sub $limit $reserved | int)) }}
{{- fail (printf "postgresql.maxConnections: up to %s pods may open up to %d sessions with one server, but of its %d connections %d are reserved. Lower max_size in config.pools and config.logins, or the number of pods, or raise max_connections" (include "pgsluice.mostPods" .) $most $limit $reserved) }}
{{- end }}
{{- end }}

{{- define "pgsluice.checkSecrets" -}}
{{- range $i, $endpoint := dig "endpoints" list .Values.config }}
{{- $conninfo := dig "conninfo" "" $endpoint }}
{{- if or (regexMatch "(?i)(^|[\\s?&])(ssl)?password\\s*=\\s*[^\\s$]" $conninfo) (regexMatch "^[a-z]+://[^@/?]*:[^@/?$]+[^@/?]*@" $conninfo) }}
{{- fail (printf "config.endpoints[%d].conninfo holds a password, and a ConfigMap is no place for one. Put it into a Secret: database.filesSecret with password_file, or database.existingSecret" $i) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pgsluice.checkEnvironment" -}}
{{- range .Values.extraEnv }}
{{- if regexMatch "^(PGSLUICE_(POOLS_|SHUTDOWN_|PROFILE$|CONFIG$|SERVER_(ADMIN_)?LISTEN_ADDRESS$|SERVER_PLAINTEXT$|SERVER_TLS_|AUTHENTICATION_)|POSTGRES_POOL_M)" .name }}
{{- fail (printf "extraEnv: the chart computes with what %s sets; set it in config" .name) }}
{{- end }}
{{- end }}
{{- end }}

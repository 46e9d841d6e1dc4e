# Programs that Debian does not have, built by Go into build/tools/bin.

readonly TOOLS_DIR="$ROOT_DIR/build/tools/bin"
readonly GRPCURL_MODULE=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3
readonly HELM_MODULE=helm.sh/helm/v3/cmd/helm@v3.22.0

export PATH="$PATH:$TOOLS_DIR"

# want_tool NAME MODULE WHY: gets it with Go unless it is there. Never fatal.
want_tool() {
  local name=$1 module=$2 why=$3 log="$ROOT_DIR/build/tools/$1.log"
  ! command -v "$name" >/dev/null || return 0
  if ! command -v go >/dev/null; then
    note "neither $name nor go is installed: $why"
    return 0
  fi
  step "Building $name with Go"
  mkdir -p "$TOOLS_DIR"
  if ! GOBIN="$TOOLS_DIR" GOFLAGS=-mod=mod go install "$module" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    note "$name could not be built: $why"
  fi
}

want_grpcurl() { want_tool grpcurl "$GRPCURL_MODULE" 'what needs grpcurl is left out'; }
want_helm() { want_tool helm "$HELM_MODULE" 'the Helm chart is not checked'; }

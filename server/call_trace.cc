#include "server/call_trace.h"

#include <grpcpp/server_context.h>
#include <iterator>
#include <optional>
#include <string_view>

#include "absl/strings/numbers.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr std::string_view kService = "pgsluice.v1.GatewayService";

std::string_view TextOf(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

// Empty when there is none, or several: which one holds?
std::string_view OnlyHeader(const grpc::ServerContext& context, const char* name) {
  const auto [begin, end] = context.client_metadata().equal_range(name);
  if (begin == end || std::next(begin) != end) return {};
  return TextOf(begin->second);
}

// Several lines are one list.
std::string TraceStateOf(const grpc::ServerContext& context) {
  std::string state;
  const auto [begin, end] = context.client_metadata().equal_range("tracestate");
  for (auto line = begin; line != end; ++line) {
    StrAppend(&state, state.empty() ? "" : ",", TextOf(line->second));
    if (state.size() > kMaxTraceStateBytes) return "";
  }
  return IsTraceState(state) ? state : "";
}

// "ipv4:10.0.0.7:41234", "ipv6:%5B::1%5D:41234", "unix:...".
void SetClient(std::string_view peer, Span& span) {
  const size_t scheme = peer.find(':');
  const std::string_view kind = peer.substr(0, scheme);
  if (scheme == std::string_view::npos || (kind != "ipv4" && kind != "ipv6")) {
    return span.SetIfAny("client.address", peer);
  }
  std::string_view address = peer.substr(scheme + 1);
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon != std::string_view::npos &&
      absl::SimpleAtoi(ForAbsl(address.substr(colon + 1)), &port)) {
    address = address.substr(0, colon);
  }
  for (const std::string_view open : {"%5B", "["}) {
    if (address.substr(0, open.size()) != open) continue;
    address.remove_prefix(open.size());
    const size_t end = address.find_first_of("%]");
    address = address.substr(0, end);
  }
  span.SetIfAny("client.address", address);
  span.SetIfAny("client.port", port);
}

// A span of a server counts as failed when the server is to blame: a wrong request is no
// failure of the gateway's.
bool IsServersFault(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS: return true;
    default: return false;
  }
}

}  // namespace

void BeginTrace(CallBase& call, RpcMethod method, Tracer& tracer) {
  if (method == RpcMethod::kReflection || method == RpcMethod::kOldReflection) return;
  const grpc::ServerContext& context = call.context();
  const std::optional<TraceParent> parent =
      ParseTraceParent(OnlyHeader(context, "traceparent"));
  const Tracer::Decision decision = tracer.Decide(parent);
  if (!decision.is_sampled) return;
  call.Trace(tracer.Begin(decision, StrCat(kService, "/", MethodName(method)),
                          call.started(), parent,
                          parent.has_value() ? TraceStateOf(context) : std::string()));
  call.spans()->own().Set("rpc.system", "grpc");
  call.spans()->own().Set("rpc.service", kService);
  call.spans()->own().Set("rpc.method", MethodName(method));
}

void CallBase::EndTrace(const grpc::Status& status) {
  Span& span = spans_->own();
  span.Set("rpc.grpc.status_code", static_cast<int64_t>(status.error_code()));
  SetClient(context_.peer(), span);
  span.SetIfAny("pgsluice.caller", caller_name_);
  int64_t attempts = 0;
  const std::string_view before = OnlyHeader(context_, "grpc-previous-rpc-attempts");
  if (absl::SimpleAtoi(ForAbsl(before), &attempts)) {
    span.SetIfAny("pgsluice.previous_attempts", attempts);
  }
  if (IsServersFault(status.error_code())) span.status = SpanStatus::kError;
  spans_->End(absl::Now());
}

TraceNames TraceNamesOf(CallBase& call) {
  if (const CallSpans* spans = call.spans(); spans != nullptr) {
    return {.trace_id = HexOf(spans->trace_id()), .span_id = HexOf(spans->id())};
  }
  const auto parent = ParseTraceParent(OnlyHeader(call.context(), "traceparent"));
  if (!parent.has_value()) return {};
  return {.trace_id = HexOf(parent->trace_id), .span_id = HexOf(parent->span_id)};
}

}  // namespace pgsluice

#include "server/grpc_log.h"

#include <grpcpp/version_info.h>

#include "pool/str_cat.h"

// From 1.65 on gRPC logs by Abseil.
#if GRPC_CPP_VERSION_MINOR < 65
#include <grpc/support/log.h>
#elif __has_include("absl/log/log_sink_registry.h")
#include "absl/log/globals.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#endif

namespace pgsluice {

namespace {

// Peers can cause these at will: each place in gRPC's source has a bound of its own.
[[maybe_unused]] void LogFromGrpc(LogLevel level, std::string_view file, int line,
                                  std::string_view text) {
  const std::string source = SourceOf(file, line);
  LogAs(LogKind::kEvent, source, level, "gRPC", {{"source", source}, {"text", text}});
}

}  // namespace

std::string SourceOf(std::string_view file, int line) {
  return StrCat(std::string(file.substr(file.rfind('/') + 1)), ":", line);
}

#if GRPC_CPP_VERSION_MINOR < 65

namespace {

// An error to gRPC is what a peer does wrong, too: a handshake of a port scanner, say.
LogLevel LevelOf(gpr_log_severity severity) {
  return severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
}

void OnGrpcLine(gpr_log_func_args* line) {
  LogFromGrpc(LevelOf(line->severity), line->file, line->line, line->message);
}

}  // namespace

void RouteGrpcLog() { gpr_set_log_function(&OnGrpcLine); }

void SetGrpcLogLevel(LogLevel level) {
  gpr_set_log_verbosity(level == LogLevel::kDebug ? GPR_LOG_SEVERITY_DEBUG
                                                  : GPR_LOG_SEVERITY_ERROR);
}

#elif __has_include("absl/log/log_sink_registry.h")

namespace {

// Compiled, but never run: no gRPC that new could be had.
class GrpcSink final : public absl::LogSink {
 public:
  void Send(const absl::LogEntry& entry) override {
    const bool is_error = entry.log_severity() >= absl::LogSeverity::kError;
    LogFromGrpc(is_error ? LogLevel::kWarning : LogLevel::kDebug, entry.source_filename(),
                entry.source_line(), entry.text_message());
  }
};

}  // namespace

void RouteGrpcLog() {
  static auto* const sink = new GrpcSink();
  absl::AddLogSink(sink);
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kInfinity);
}

void SetGrpcLogLevel(LogLevel level) {
  absl::SetMinLogLevel(level == LogLevel::kDebug ? absl::LogSeverityAtLeast::kInfo
                                                 : absl::LogSeverityAtLeast::kError);
}

#else

void RouteGrpcLog() {}
void SetGrpcLogLevel(LogLevel) {}

#endif

}  // namespace pgsluice

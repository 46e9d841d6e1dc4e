#include "server/log.h"

#include <atomic>
#include <memory>
#include <optional>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "pool/str_cat.h"
#include "server/convert/utf8.h"

namespace pgsluice {

namespace {

// Told apart for their bounds.
constexpr size_t kMaxEvents = 512;

std::atomic<bool> is_json_format{true};

// Of the whole process, as standard error is.
class Throttles final {
 public:
  void set_bounds(const LogBounds& bounds) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    events_.set_bound(bounds.events);
    slow_queries_.set_bound(bounds.slow_queries);
  }
  std::optional<uint64_t> Admit(LogKind kind, std::string_view event, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    Throttle& throttle = kind == LogKind::kSlowQuery ? slow_queries_ : events_;
    return throttle.Admit(event, now);
  }
  uint64_t suppressed() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return events_.suppressed() + slow_queries_.suppressed();
  }

 private:
  mutable absl::Mutex mutex_;
  Throttle events_ ABSL_GUARDED_BY(mutex_){RateBound(), kMaxEvents};
  Throttle slow_queries_ ABSL_GUARDED_BY(mutex_){RateBound(), kMaxEvents};
};

// Never destroyed: threads of gRPC's log to the very end.
Throttles& AllThrottles() {
  static auto* const throttles = new Throttles();
  return *throttles;
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "info";
}

// Appends valid UTF-8 in which neither a line break nor an escape sequence of the
// caller's can forge a line or colour a terminal. Terminals know controls beyond ASCII,
// too: U+0080 to U+009F.
void AppendEscaped(std::string& out, std::string_view text) {
  const std::string valid = ToValidUtf8(text);
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const auto next = static_cast<unsigned char>(i + 1 < valid.size() ? valid[i + 1] : 0);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04x", byte);
    } else if (byte == 0xC2 && next < 0xA0) {
      absl::StrAppendFormat(&out, "\\u%04x", next);
      ++i;
    } else {
      out.push_back(valid[i]);
    }
  }
}

// As a JSON string.
void AppendQuoted(std::string& out, std::string_view text) {
  std::string slashed;
  for (char c : text) {
    if (c == '"' || c == '\\') slashed.push_back('\\');
    slashed.push_back(c);
  }
  out.push_back('"');
  AppendEscaped(out, slashed);
  out.push_back('"');
}

}  // namespace

LogField::LogField(std::string_view name, double number)
    : name(name), value(absl::StrFormat("%.3f", number)), is_number(true) {}

void StartLog(LogLevel level, LogFormat format) {
  is_json_format = format == LogFormat::kJson ||
                   (format == LogFormat::kAuto && isatty(STDERR_FILENO) == 0);
  auto logger = std::make_shared<spdlog::logger>(
      "pgsluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(SpdlogLevel(level));
  logger->flush_on(spdlog::level::debug);
  logger->set_pattern("%v");
  spdlog::set_default_logger(std::move(logger));
}

void SetLogLevel(LogLevel level) {
  spdlog::default_logger()->set_level(SpdlogLevel(level));
}

void SetLogBounds(const LogBounds& bounds) { AllThrottles().set_bounds(bounds); }

uint64_t SuppressedLogLines() { return AllThrottles().suppressed(); }

bool IsLogged(LogLevel level) { return spdlog::should_log(SpdlogLevel(level)); }

std::string FormatLogLine(bool is_json, std::string_view time, std::string_view level,
                          std::string_view message,
                          std::initializer_list<LogField> fields, uint64_t suppressed) {
  std::string line;
  if (is_json) {
    line = StrCat("{\"ts\":\"", time, "\",\"level\":\"", level, "\",\"msg\":");
    AppendQuoted(line, message);
    for (const LogField& field : fields) {
      StrAppend(&line, ",\"", field.name, "\":");
      if (field.is_number) {
        line += field.value;
      } else {
        AppendQuoted(line, field.value);
      }
    }
    if (suppressed > 0) StrAppend(&line, ",\"suppressed\":", suppressed);
    line.push_back('}');
    return line;
  }
  line = StrCat(time, " ", level, " ");
  AppendEscaped(line, message);
  for (const LogField& field : fields) {
    StrAppend(&line, " ", field.name, "=");
    if (field.is_number) {
      line += field.value;
    } else {
      AppendQuoted(line, field.value);
    }
  }
  if (suppressed > 0) StrAppend(&line, " suppressed=", suppressed);
  return line;
}

void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields) {
  LogAs(LogKind::kEvent, message, level, message, fields);
}

void LogAs(LogKind kind, std::string_view event, LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields) {
  if (!IsLogged(level)) return;
  const absl::Time now = absl::Now();
  const std::optional<uint64_t> suppressed = AllThrottles().Admit(kind, event, now);
  if (!suppressed.has_value()) return;
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now, absl::UTCTimeZone());
  spdlog::log(SpdlogLevel(level), "{}",
              FormatLogLine(is_json_format, time, LevelName(level), message, fields,
                            *suppressed));
}

}  // namespace pgsluice

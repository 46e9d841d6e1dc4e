// Structured log lines on stderr: one event, one line, as JSON or text. Lines of one
// event are bounded, and the next one tells how many were not written. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "server/throttle.h"

namespace pgsluice {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat {
  kAuto,  // Text on a terminal, else JSON.
  kJson,
  kText,
};

// One named fact of a line.
struct LogField {
  LogField(std::string_view name, std::string_view text) : name(name), value(text) {}
  LogField(std::string_view name, const char* text) : name(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : name(name), value(text) {}
  LogField(std::string_view name, uint64_t number)
      : name(name), value(std::to_string(number)), is_number(true) {}
  // Written with three decimals.
  LogField(std::string_view name, double number);

  std::string_view name;
  std::string value;
  bool is_number = false;
};

// What a line is for. Each kind has a bound of its own.
enum class LogKind {
  kEvent,      // Bounded for each message.
  kSlowQuery,  // All of them together.
};

struct LogBounds {
  RateBound events;
  RateBound slow_queries;

  bool operator==(const LogBounds&) const = default;
};

// Before the first line, once. Lines have no bound until they are given one.
void StartLog(LogLevel level, LogFormat format);
// From now on.
void SetLogLevel(LogLevel level);
bool IsLogged(LogLevel level);
void SetLogBounds(const LogBounds& bounds);
// Lines that have not been written, because there were too many like them.
uint64_t SuppressedLogLines();

// The message names the event; what differs from one time to the next goes into fields.
void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});
// For messages of others: `event` names what is counted together.
void LogAs(LogKind kind, std::string_view event, LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields = {});

// The line's text without the logger, for tests: `is_json` chooses the form.
// `suppressed`: lines of the event that were not written before this one.
std::string FormatLogLine(bool is_json, std::string_view time, std::string_view level,
                          std::string_view message,
                          std::initializer_list<LogField> fields,
                          uint64_t suppressed = 0);

}  // namespace pgsluice

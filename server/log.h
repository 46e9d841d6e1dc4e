// Structured log lines on stderr: one event, one line, as JSON or text. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

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

// Before the first line, once.
void StartLog(LogLevel level, LogFormat format);
// From now on.
void SetLogLevel(LogLevel level);
bool IsLogged(LogLevel level);
void Log(LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

// The line's text without the logger, for tests: `is_json` chooses the form.
std::string FormatLogLine(bool is_json, std::string_view time, std::string_view level,
                          std::string_view message,
                          std::initializer_list<LogField> fields);

}  // namespace pgsluice

#include "client/cpp/cli/duration_option.h"

#include <utility>

namespace pgsluice::cli {

namespace {

std::string CheckDuration(std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos) {
    text += 's';
  }
  absl::Duration duration;
  const bool is_good =
      absl::ParseDuration(text, &duration) && duration > absl::ZeroDuration();
  return is_good ? "" : "not a duration like 10s or 500ms: " + text;
}

}  // namespace

void AddDuration(CLI::App& app, const std::string& name,
                 std::function<void(absl::Duration)> set, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [set = std::move(set)](const std::string& text) {
           absl::Duration duration;
           if (absl::ParseDuration(text, &duration)) set(duration);
         },
         help)
      ->transform(CLI::Validator(CheckDuration, "DURATION"))
      ->option_text("DURATION");
}

}  // namespace pgsluice::cli

#include "server/statement_label.h"

#include <algorithm>
#include <utility>

#include "pool/str_cat.h"
#include "server/caller_settings.h"

namespace pgsluice {

namespace {

// PostgreSQL cuts longer ones without a word (NAMEDATALEN - 1).
constexpr size_t kMaxNameBytes = 63;
constexpr std::string_view kTrace = ";trace=";

// Other bytes PostgreSQL replaces, from version 16 on by more than one.
char Printable(char c) { return c >= ' ' && c <= '~' ? c : '?'; }

}  // namespace

std::string LabelledName(std::string_view application_name, std::string_view trace_id) {
  std::string name(
      application_name.substr(0, kMaxNameBytes - kTrace.size() - trace_id.size()));
  std::transform(name.begin(), name.end(), name.begin(), Printable);
  return StrCat(name, kTrace, trace_id);
}

Statement PreambleOf(std::string labelled_name, const Statement* settings) {
  Statement preamble = settings == nullptr ? NoSettings() : *settings;
  AddSetting("application_name", std::move(labelled_name), preamble);
  return preamble;
}

}  // namespace pgsluice

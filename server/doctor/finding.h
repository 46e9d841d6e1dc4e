// A finding is what the doctor has to tell: of a kind, about an endpoint. Values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::doctor {

enum class Severity {
  kNote,     // Good to know; all may well be as intended.
  kWarning,  // It works, and will bite some day.
  kError,    // Calls fail, or data is at risk.
};

// "note", "warning", "error".
std::string_view SeverityName(Severity severity);

// Kinds are constants beside the rules that find them; docs/doctor.md has them all.
struct FindingKind {
  std::string_view id;  // One word for scripts; stays what it is.
  Severity severity;
  std::string_view when;  // What has to be so, for the documentation.
  std::string_view why;   // Why it matters: one sentence.
};

struct Finding {
  const FindingKind* kind;
  // Whom it is about; none: the gateway, or all endpoints together.
  std::vector<std::string> endpoints;
  std::string found;                    // One sentence, with values; no secrets.
  std::string advice;                   // One sentence or two.
  std::vector<std::string> commands{};  // What does it, each on its own.
};

using Findings = std::vector<Finding>;

// All kinds of one file of rules.
using FindingKinds = std::vector<const FindingKind*>;

}  // namespace pgsluice::doctor

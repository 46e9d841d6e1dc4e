#include "server/doctor/report_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "pool/str_cat.h"
#include "server/convert/utf8.h"
#include "server/doctor/capacity_rules.h"
#include "server/doctor/diagnosis.h"

namespace pgsluice::doctor {

namespace {

constexpr size_t kWidth = 80;
constexpr size_t kIndent = 8;  // Of what stands behind "found", "why" and "do".

// Names and errors come from servers: no control character gets through, not those
// beyond ASCII either (U+0080 to U+009F).
std::string Printable(std::string_view text) {
  std::string printable;
  const std::string valid = ToValidUtf8(text);
  for (size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const auto next = static_cast<unsigned char>(i + 1 < valid.size() ? valid[i + 1] : 0);
    if (byte == 0xC2 && next < 0xA0) {
      printable.push_back('?');
      ++i;
    } else {
      printable.push_back(byte < 0x20 || byte == 0x7F ? ' ' : valid[i]);
    }
  }
  return printable;
}

// UTF-8 characters, each taken to be one column wide.
size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

class Page final {
 public:
  explicit Page(Colours colours) : colours_(colours) {}

  std::string Styled(std::string_view style, std::string_view text) const {
    if (colours_ == Colours::kNone) return std::string(text);
    return StrCat("\x1b[", style, "m", text, "\x1b[0m");
  }
  void Line(std::string_view text) { StrAppend(&text_, text, "\n"); }
  // "  found ..." in as many lines as it takes.
  void Paragraph(std::string_view label, std::string_view text, size_t indent = kIndent) {
    std::string line = StrCat("  ", label);
    line.append(indent - std::min(indent, Columns(line)), ' ');
    bool is_new = true;
    for (const absl::string_view word :
         absl::StrSplit(Printable(text), ' ', absl::SkipEmpty())) {
      const std::string_view piece(word.data(), word.size());
      if (!is_new && Columns(line) + 1 + Columns(piece) > kWidth) {
        Line(line);
        line = std::string(indent, ' ');
        is_new = true;
      }
      StrAppend(&line, is_new ? "" : " ", piece);
      is_new = false;
    }
    Line(line);
  }
  // In one line, to be copied; lone words that are too long are the reader's to wrap.
  void Command(std::string_view text) {
    Line(StrCat(std::string(kIndent + 2, ' '), Styled("1", Printable(text))));
  }
  std::string Take() { return std::move(text_); }

 private:
  const Colours colours_;
  std::string text_;
};

std::string_view StyleOf(Severity severity) {
  switch (severity) {
    case Severity::kError: return "1;31";
    case Severity::kWarning: return "1;33";
    case Severity::kNote: return "1;36";
  }
  return "0";
}

std::string TlsText(const TrialFacts& trial) {
  if (trial.has_tls) return trial.tls_version;
  return trial.is_local ? "local, no TLS" : "no TLS";
}

void PrintEndpoints(const DeploymentFacts& facts, Page& page) {
  size_t widest = 0;
  for (const EndpointFacts& endpoint : facts.endpoints) {
    widest = std::max(widest, Columns(Printable(endpoint.name)));
  }
  for (const EndpointFacts& endpoint : facts.endpoints) {
    std::string words(RoleText(endpoint));
    if (endpoint.server.has_value()) {
      const ServerFacts& server = *endpoint.server;
      StrAppend(&words, ", PostgreSQL ", server.version, ", timeline ", server.timeline,
                ", ", TlsText(endpoint.trial), ", wants ", SessionsWanted(facts.gateway),
                " of ", SessionsPossible(server), " sessions");
    }
    page.Paragraph(Printable(endpoint.name), words, widest + 4);
  }
}

void PrintFinding(const Finding& finding, Page& page) {
  const Severity severity = finding.kind->severity;
  const std::string whom =
      finding.endpoints.empty()
          ? std::string("gateway")
          : absl::StrJoin(finding.endpoints, ", ",
                          [](std::string* out, const std::string& name) {
                            StrAppend(out, Printable(name));
                          });
  page.Line("");
  page.Line(StrCat(page.Styled(StyleOf(severity), SeverityName(severity)), "  ",
                   page.Styled("1", finding.kind->id), "  ", whom));
  page.Paragraph("found", finding.found);
  page.Paragraph("why", finding.kind->why);
  page.Paragraph("do", finding.advice);
  for (const std::string& command : finding.commands) page.Command(command);
}

std::string Counted(size_t count, std::string_view what) {
  return StrCat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

std::string LibpqVersionText(int number) {
  return number == 0 ? "" : StrCat(number / 10000, ".", number % 10000);
}

std::string_view RoleText(const EndpointFacts& endpoint) {
  if (!endpoint.server.has_value()) return "unknown";
  return endpoint.is_primary() ? "primary" : "replica";
}

std::string ReportText(const DeploymentFacts& facts, const Findings& findings,
                       std::string_view version, absl::Duration took, Colours colours) {
  Page page(colours);
  page.Line(StrCat("pgsluiced ", version, ", libpq ",
                   LibpqVersionText(facts.gateway.libpq_version), ": ",
                   Counted(facts.endpoints.size(), "endpoint"), " looked at in ",
                   absl::StrFormat("%.1f s.", absl::ToDoubleSeconds(took))));
  PrintEndpoints(facts, page);
  // The last line is the one that is seen first.
  for (auto finding = findings.rbegin(); finding != findings.rend(); ++finding) {
    PrintFinding(*finding, page);
  }
  page.Line("");
  page.Line(StrCat(Counted(CountOf(findings, Severity::kError), "error"), ", ",
                   Counted(CountOf(findings, Severity::kWarning), "warning"), ", ",
                   Counted(CountOf(findings, Severity::kNote), "note"),
                   findings.empty() ? "." : ". Each is explained in docs/doctor.md."));
  return page.Take();
}

}  // namespace pgsluice::doctor

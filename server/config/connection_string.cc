#include "server/config/connection_string.h"

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include <libpq-fe.h>

namespace pgsluice {

namespace {

constexpr std::string_view kDefaultPort = "5432";
constexpr std::string_view kRedacted = "***";
// libpq's mark of a value that is not to be shown.
constexpr char kSecretMark = '*';

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// libpq's messages quote parts of the string, passwords included, so only what stands
// before the first quote is looked at, and our own text is shown.
struct KnownComplaint {
  const char* libpq;
  const char* ours;
};
constexpr KnownComplaint kComplaints[] = {
    {"missing \"=\" after", "a word has no \"=\" after it"},
    {"unterminated quoted string", "a quote is not closed"},
    {"invalid connection option", "it has an option that libpq does not know"},
    {"invalid URI query parameter", "it has an option that libpq does not know"},
    {"extra key/value separator", "a part after \"?\" has two \"=\""},
    {"missing key/value separator", "a part after \"?\" has no \"=\""},
    {"invalid percent-encoded token", "a \"%\" is not followed by two hex digits"},
    {"forbidden value %00", "it holds %00"},
    {"unexpected character", "the part after the host is not understood"},
    {"end of string reached when looking for matching \"]\"", "a \"[\" is not closed"},
    {"IPv6 host address may not be empty", "the address in [] is empty"},
};

std::string WithoutSecrets(const char* message) {
  for (const KnownComplaint& complaint : kComplaints) {
    if (message != nullptr && absl::StartsWith(message, complaint.libpq)) {
      return absl::StrCat("not a valid connection string: ", complaint.ours);
    }
  }
  return "not a valid connection string";
}

// libpq: quoted when empty or with white space; \ before ' and \.
std::string QuotedValue(std::string_view value) {
  const bool needs_quotes =
      value.empty() || value.find_first_of(" \t\n\r\f\v'\\") != std::string_view::npos;
  std::string quoted;
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return needs_quotes ? "'" + quoted + "'" : quoted;
}

// Element `index` of a list that libpq lines up with the list of hosts: a single port
// holds for all.
std::string ElementOf(const std::string& list, size_t index) {
  if (list.empty()) return "";
  const std::vector<std::string> elements = absl::StrSplit(list, ',');
  if (elements.size() == 1) return elements[0];
  return index < elements.size() ? elements[index] : "";
}

}  // namespace

absl::StatusOr<ConnectionString> ConnectionString::Parse(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("not a valid connection string: it holds a NUL");
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(
      PQconninfoParse(text.c_str(), &message));
  if (parsed == nullptr) {
    const std::string complaint = WithoutSecrets(message);
    PQfreemem(message);
    return absl::InvalidArgumentError(complaint);
  }
  ConnectionString result;
  for (const PQconninfoOption* o = parsed.get(); o->keyword != nullptr; ++o) {
    const bool is_secret = o->dispchar != nullptr && o->dispchar[0] == kSecretMark;
    result.options_.push_back({o->keyword, o->val == nullptr ? "" : o->val, is_secret});
  }
  return result;
}

std::string ConnectionString::Get(std::string_view keyword) const {
  for (const Option& option : options_) {
    if (option.keyword == keyword) return option.value;
  }
  return "";
}

void ConnectionString::Set(std::string_view keyword, std::string_view value) {
  for (Option& option : options_) {
    if (option.keyword == keyword) option.value = value;
  }
}

size_t ConnectionString::host_count() const {
  const std::string host = Get("host").empty() ? Get("hostaddr") : Get("host");
  if (host.empty()) return 0;
  return static_cast<size_t>(std::count(host.begin(), host.end(), ',')) + 1;
}

std::vector<ConnectionString> ConnectionString::SplitHosts() const {
  if (host_count() <= 1) return {*this};
  std::vector<ConnectionString> split;
  for (size_t i = 0; i < host_count(); ++i) {
    ConnectionString one = *this;
    for (std::string_view keyword : {"host", "hostaddr", "port"}) {
      one.Set(keyword, ElementOf(Get(keyword), i));
    }
    split.push_back(std::move(one));
  }
  return split;
}

std::string ConnectionString::HostAndPort() const {
  std::string host = Get("host").empty() ? Get("hostaddr") : Get("host");
  if (host.empty()) host = Get("service").empty() ? "local" : Get("service");
  const bool is_ipv6 = host.find(':') != std::string::npos;
  if (is_ipv6) host = "[" + host + "]";
  const std::string port = Get("port");
  return absl::StrCat(host, ":", port.empty() ? std::string(kDefaultPort) : port);
}

std::string ConnectionString::Joined(bool redact) const {
  std::string text;
  for (const Option& option : options_) {
    if (option.value.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", option.keyword, "=");
    text +=
        redact && option.is_secret ? std::string(kRedacted) : QuotedValue(option.value);
  }
  return text;
}

std::string ConnectionString::Text() const { return Joined(false); }

std::string ConnectionString::RedactedText() const { return Joined(true); }

}  // namespace pgsluice

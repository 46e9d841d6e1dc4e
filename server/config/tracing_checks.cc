#include "server/config/tracing_checks.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "pool/hex.h"

namespace pgsluice {

namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kDefaultPort = ":4317";
constexpr size_t kMostPortDigits = 5;

bool TakePrefix(std::string_view prefix, std::string_view& text) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= kMostPortDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoi(std::string(text)) <= 65535;
}

// Absent for what is no host, or no port.
std::optional<std::string> TargetOf(std::string_view place) {
  const bool is_bracketed = !place.empty() && place.front() == '[';
  const size_t bracket = is_bracketed ? place.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const size_t colon = place.find(':', bracket);
  const std::string_view host = place.substr(0, colon);
  constexpr std::string_view kNoHost = " /@?#%,\\\"";
  if (host.empty() || host.find_first_of(kNoHost) != std::string_view::npos) {
    return std::nullopt;
  }
  if (is_bracketed && host.size() != bracket + 1) return std::nullopt;
  if (colon == std::string_view::npos) {
    return absl::StrCat(std::string(host), std::string(kDefaultPort));
  }
  if (!IsPort(place.substr(colon + 1))) return std::nullopt;
  return std::string(place);
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Absent when a "%" has not two hexadecimal digits behind it.
std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const std::optional<std::string> byte = BytesOfHex(text.substr(i + 1, 2));
    if (!byte.has_value()) return std::nullopt;
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && name.front() != ':' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

bool IsHeaderValue(std::string_view value) {
  for (const char c : value) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<CollectorAddress> ParseCollectorAddress(std::string_view text) {
  CollectorAddress address;
  if (TakePrefix(kHttps, text)) {
    address.has_tls = true;
  } else if (!TakePrefix(kHttp, text)) {
    return absl::InvalidArgumentError(
        "has to begin with http:// (plaintext) or https:// (TLS), as in "
        "http://otel-collector:4317");
  }
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  if (text.find('/') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "has a path, as the address of OTLP over HTTP has; only OTLP over gRPC is "
        "spoken here, whose address has none");
  }
  const std::optional<std::string> target = TargetOf(text);
  if (!target.has_value()) {
    return absl::InvalidArgumentError("holds no host and port, as in http://host:4317");
  }
  address.target = *target;
  return address;
}

absl::StatusOr<NamedValues> ParseNamedValues(std::string_view text) {
  NamedValues values;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view pair = Trimmed(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view name = Trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) {
      return absl::InvalidArgumentError("expected name=value pairs, separated by commas");
    }
    const auto plain_name = Decoded(name);
    const auto value = Decoded(Trimmed(pair.substr(equals + 1)));
    if (!plain_name.has_value() || !value.has_value()) {
      return absl::InvalidArgumentError(
          "a \"%\" has not two hexadecimal digits behind it; write %25 for it");
    }
    values.emplace_back(*plain_name, *value);
  }
  return values;
}

absl::StatusOr<NamedValues> ParseHeaders(std::string_view text) {
  absl::StatusOr<NamedValues> headers = ParseNamedValues(text);
  if (!headers.ok()) return headers.status();
  for (auto& [name, value] : *headers) {
    absl::AsciiStrToLower(&name);
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return absl::InvalidArgumentError(
          "a header's name may hold letters, digits and -_., and its value printable "
          "ASCII");
    }
    if (name.size() > 4 && name.substr(name.size() - 4) == "-bin") {
      return absl::InvalidArgumentError("a header's name may not end with -bin");
    }
  }
  return headers;
}

bool TracesCalls(const config::v1::Tracing& tracing) {
  return !tracing.endpoint().empty() && !tracing.disabled() &&
         tracing.sampler() != config::v1::TRACE_SAMPLER_ALWAYS_OFF;
}

std::vector<Complaint> CheckTracing(const config::v1::Config& config) {
  const config::v1::Tracing& tracing = config.tracing();
  if (!TracesCalls(tracing)) return {};
  std::vector<Complaint> complaints;
  const auto fail = [&complaints](std::vector<std::string> paths,
                                  const std::string& what) {
    complaints.push_back({paths, absl::StrCat(paths.front(), ": ", what)});
  };
  // Never quoted: users put passwords into addresses.
  const auto address = ParseCollectorAddress(tracing.endpoint());
  if (tracing.protocol() != "grpc") {
    fail({"tracing.protocol"},
         "only grpc is spoken here (port 4317 of most collectors), not OTLP over HTTP; "
         "set it to grpc, with such an endpoint, or tracing.disabled to true");
  } else if (!address.ok()) {
    fail({"tracing.endpoint"}, std::string(address.status().message()));
  } else if (!address->has_tls) {
    const auto needs_tls = [&fail](const std::string& path, const std::string& file) {
      if (file.empty()) return;
      fail({path, "tracing.endpoint"},
           "tracing.endpoint begins with http://, so it is not used");
    };
    needs_tls("tracing.ca_file", tracing.ca_file());
    needs_tls("tracing.cert_file", tracing.cert_file());
    needs_tls("tracing.key_file", tracing.key_file());
  } else if (tracing.cert_file().empty() != tracing.key_file().empty()) {
    fail({"tracing.cert_file", "tracing.key_file"}, "cert_file and key_file go together");
  }
  if (!tracing.headers().empty() && !tracing.headers_file().empty()) {
    fail({"tracing.headers_file", "tracing.headers"}, "headers is given, too");
  }
  if (auto headers = ParseHeaders(tracing.headers()); !headers.ok()) {
    fail({"tracing.headers"}, std::string(headers.status().message()));
  }
  auto attributes = ParseNamedValues(tracing.resource_attributes());
  if (!attributes.ok()) {
    fail({"tracing.resource_attributes"}, std::string(attributes.status().message()));
  }
  return complaints;
}

}  // namespace pgsluice

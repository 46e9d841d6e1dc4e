#include "server/call_options.h"

#include <algorithm>
#include <cctype>

#include "pool/error_freshness.h"

namespace pgsluice {

namespace {

constexpr size_t kMaxTagBytes = 64;
constexpr size_t kMaxKeyBytes = 255;
constexpr std::string_view kKeyField = "options.idempotency_key";

absl::Status CheckKey(const std::string& key, Intent intent) {
  if (intent == Intent::kRead) {
    return InvalidRequest(kKeyField, "goes with intent WRITE only: a read has no effect");
  }
  if (key.empty() || key.size() > kMaxKeyBytes) {
    return InvalidRequest(kKeyField, "must have 1 to 255 bytes; leave it out for none");
  }
  const bool is_plain =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (is_plain) return absl::OkStatus();
  return InvalidRequest(kKeyField, "must be printable ASCII without spaces");
}

absl::StatusOr<Freshness> FreshnessFromProto(const v1::Freshness& proto) {
  Freshness freshness;
  switch (proto.kind_case()) {
    case v1::Freshness::kStrong:
      if (proto.strong()) freshness.kind = Freshness::Kind::kStrong;
      break;
    case v1::Freshness::kAtLeast: {
      const std::optional<WriteToken> token = DecodeToken(proto.at_least());
      if (!token.has_value()) return NotAToken();
      freshness.kind = Freshness::Kind::kAtLeast;
      freshness.token = *token;
      break;
    }
    case v1::Freshness::kMaxStaleness:
      freshness.kind = Freshness::Kind::kMaxStaleness;
      freshness.max_staleness = absl::Seconds(proto.max_staleness().seconds()) +
                                absl::Nanoseconds(proto.max_staleness().nanos());
      if (freshness.max_staleness <= absl::ZeroDuration()) {
        return InvalidRequest("options.freshness.max_staleness",
                              "must be more than 0; use strong to see everything");
      }
      break;
    case v1::Freshness::kAny:
    case v1::Freshness::KIND_NOT_SET: break;
  }
  return freshness;
}

absl::StatusOr<IfUnmet> IfUnmetFromProto(v1::IfUnmet proto) {
  switch (proto) {
    case v1::IF_UNMET_UNSPECIFIED: return IfUnmet::kDefault;
    case v1::IF_UNMET_WAIT: return IfUnmet::kWait;
    case v1::IF_UNMET_PRIMARY: return IfUnmet::kPrimary;
    case v1::IF_UNMET_FAIL: return IfUnmet::kFail;
    default: break;
  }
  return InvalidRequest("options.if_unmet", "is not one that this server knows");
}

// 0 asks for the server's limit; more than that is cut to it.
uint64_t Limit(uint64_t asked, uint64_t server_limit) {
  return asked == 0 ? server_limit : std::min(asked, server_limit);
}

}  // namespace

std::string SanitizeTag(std::string_view tag) {
  std::string clean(tag.substr(0, kMaxTagBytes));
  for (char& c : clean) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                          std::string_view("._:/-").find(c) != std::string_view::npos;
    if (!is_plain) c = '_';
  }
  return clean;
}

absl::StatusOr<CallOptions> CallOptionsFromProto(const v1::RequestOptions& proto,
                                                 const ResultLimits& server_limits,
                                                 ReadFallback fallback, Intent if_unset) {
  CallOptions options;
  options.route.fallback = fallback;
  switch (proto.intent()) {
    case v1::INTENT_UNSPECIFIED: options.route.intent = if_unset; break;
    case v1::INTENT_WRITE: options.route.intent = Intent::kWrite; break;
    case v1::INTENT_READ: options.route.intent = Intent::kRead; break;
    default:
      return InvalidRequest("options.intent", "is not an intent that this server knows");
  }
  const absl::StatusOr<Freshness> freshness = FreshnessFromProto(proto.freshness());
  if (!freshness.ok()) return freshness.status();
  options.route.freshness = *freshness;
  const absl::StatusOr<IfUnmet> if_unmet = IfUnmetFromProto(proto.if_unmet());
  if (!if_unmet.ok()) return if_unmet.status();
  options.route.if_unmet = *if_unmet;
  options.route.wants_sight = proto.report();
  options.result.max_rows = Limit(proto.max_rows(), server_limits.max_rows);
  options.result.max_bytes = Limit(proto.max_bytes(), server_limits.max_bytes);
  const google::protobuf::Duration& timeout = proto.statement_timeout();
  options.statement_timeout =
      absl::Seconds(timeout.seconds()) + absl::Nanoseconds(timeout.nanos());
  if (options.statement_timeout < absl::ZeroDuration()) {
    return InvalidRequest("options.statement_timeout", "must not be negative");
  }
  options.tag = SanitizeTag(proto.tag());
  options.wants_report = proto.report();
  options.resolves_commit = proto.resolve_commit();
  if (options.resolves_commit && options.route.intent == Intent::kRead) {
    return InvalidRequest("options.resolve_commit",
                          "is for writes: a read leaves nothing in doubt");
  }
  if (!proto.has_idempotency_key()) return options;
  absl::Status key = CheckKey(proto.idempotency_key(), options.route.intent);
  if (!key.ok()) return key;
  options.idempotency_key = proto.idempotency_key();
  return options;
}

absl::Status RefuseKey(const CallOptions& options, std::string_view instead) {
  if (!options.idempotency_key.has_value()) return absl::OkStatus();
  return InvalidRequest(kKeyField, instead);
}

}  // namespace pgsluice

// How ErrorDetails travel inside an absl::Status.
#include <cstdlib>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr char kTypeUrl[] = "pgsluice.internal/ErrorDetails";

// Every field is its length, a colon and its bytes.
void Put(std::string& out, std::string_view field) {
  StrAppend(&out, field.size(), ":", field);
}
void Put(std::string& out, int64_t number) { Put(out, StrCat(number)); }

class Reader final {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::string Text() {
    const size_t colon = bytes_.find(':');
    size_t length = 0;
    if (colon == std::string_view::npos ||
        !absl::SimpleAtoi(ForAbsl(bytes_.substr(0, colon)), &length)) {
      bytes_ = {};
      return "";
    }
    std::string field(bytes_.substr(colon + 1, length));
    bytes_.remove_prefix(std::min(bytes_.size(), colon + 1 + length));
    return field;
  }
  int64_t Number() {
    int64_t number = 0;
    return absl::SimpleAtoi(Text(), &number) ? number : 0;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view message,
                       const ErrorDetails& details) {
  std::string bytes;
  Put(bytes, details.reason);
  Put(bytes, static_cast<int64_t>(details.blame));
  Put(bytes, static_cast<int64_t>(details.outcome));
  Put(bytes, static_cast<int64_t>(details.retry_scope));
  Put(bytes, details.retry_delay.has_value()
                 ? absl::ToInt64Nanoseconds(*details.retry_delay)
                 : int64_t{-1});
  Put(bytes, details.field);
  Put(bytes, int64_t{details.postgres.has_value() ? 1 : 0});
  if (details.postgres.has_value()) {
    const PostgresFields& postgres = *details.postgres;
    for (const std::string* field :
         {&postgres.sqlstate, &postgres.severity, &postgres.message, &postgres.detail,
          &postgres.hint, &postgres.context, &postgres.schema, &postgres.table,
          &postgres.column, &postgres.datatype, &postgres.constraint}) {
      Put(bytes, *field);
    }
    Put(bytes, int64_t{postgres.position});
  }
  Put(bytes, int64_t{details.commit.has_value() ? 1 : 0});
  if (details.commit.has_value()) {
    Put(bytes, details.commit->system_identifier);
    Put(bytes, int64_t{details.commit->timeline});
    Put(bytes, static_cast<int64_t>(details.commit->transaction_id));
    Put(bytes, static_cast<int64_t>(details.commit->lsn));
    Put(bytes, details.commit->note);
    Put(bytes, details.commit->incarnation);
  }
  Put(bytes, int64_t{details.is_safe_with_key ? 1 : 0});
  absl::Status status(code, ForAbsl(message));
  status.SetPayload(kTypeUrl, absl::Cord(bytes));
  return status;
}

std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kTypeUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::string bytes(*payload);
  Reader reader(bytes);
  ErrorDetails details;
  details.reason = reader.Text();
  details.blame = static_cast<Blame>(reader.Number());
  details.outcome = static_cast<Outcome>(reader.Number());
  details.retry_scope = static_cast<RetryScope>(reader.Number());
  if (const int64_t delay = reader.Number(); delay >= 0) {
    details.retry_delay = absl::Nanoseconds(delay);
  }
  details.field = reader.Text();
  if (reader.Number() == 1) {
    PostgresFields& postgres = details.postgres.emplace();
    for (std::string* field :
         {&postgres.sqlstate, &postgres.severity, &postgres.message, &postgres.detail,
          &postgres.hint, &postgres.context, &postgres.schema, &postgres.table,
          &postgres.column, &postgres.datatype, &postgres.constraint}) {
      *field = reader.Text();
    }
    postgres.position = static_cast<int>(reader.Number());
  }
  if (reader.Number() == 1) {
    CommitEvidence& commit = details.commit.emplace();
    commit.system_identifier = reader.Text();
    commit.timeline = static_cast<uint32_t>(reader.Number());
    commit.transaction_id = static_cast<uint64_t>(reader.Number());
    commit.lsn = static_cast<uint64_t>(reader.Number());
    commit.note = reader.Text();
    commit.incarnation = reader.Text();
  }
  details.is_safe_with_key = reader.Number() == 1;
  return details;
}

}  // namespace pgsluice

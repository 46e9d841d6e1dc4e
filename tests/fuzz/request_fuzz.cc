// Any bytes as a request on the wire: what is taken for a statement is fit for
// PostgreSQL.
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/transaction_outcome.pb.h"
#include "server/call_options.h"
#include "server/convert/commit_evidence.h"
#include "server/convert/statement_from_proto.h"

namespace pgsluice {
namespace {

constexpr size_t kMaxSqlBytes = 4096;
constexpr size_t kMaxParameters = 100;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

void TryQuery(const v1::QueryRequest& request) {
  const absl::StatusOr<Statement> statement = StatementFromProto(
      request.statement(),
      {.max_sql_bytes = kMaxSqlBytes, .max_parameters = kMaxParameters});
  if (statement.ok()) {
    Require(!HasNul(statement->sql) && statement->sql.size() <= kMaxSqlBytes);
    Require(statement->parameters.size() <= kMaxParameters);
    for (const Parameter& parameter : statement->parameters) {
      // libpq would take the NUL for the end.
      Require(parameter.is_binary || !parameter.value.has_value() ||
              !HasNul(*parameter.value));
    }
  }
  const absl::StatusOr<CallOptions> options =
      CallOptionsFromProto(request.options(), {.max_rows = 10, .max_bytes = 1000}, {});
  if (!options.ok()) return;
  Require(options->result.max_rows <= 10 && options->result.max_bytes <= 1000);
  for (const char c : options->tag) Require(c > ' ' && c < 127);
}

}  // namespace
}  // namespace pgsluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > std::numeric_limits<int>::max()) return 0;
  const int length = static_cast<int>(size);
  pgsluice::v1::QueryRequest query;
  if (query.ParseFromArray(data, length)) pgsluice::TryQuery(query);
  pgsluice::v1::TransactionReference reference;
  if (reference.ParseFromArray(data, length)) {
    (void)pgsluice::EvidenceFromProto(reference, "transaction");
  }
  return 0;
}

// Statements: how long, how many rows, which errors.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

// Most kinds never come: their series begin with the first of them.
void AddTimes(std::string_view pool, std::string_view operation, std::string_view status,
              const DurationHistogram& histogram, Family& family) {
  if (histogram.count() > 0) family.Add({pool, operation, status}, histogram);
}

}  // namespace

void AddStatementFamilies(const GatewaySnapshot& snapshot, Families& families) {
  Family time{.type = FamilyType::kHistogram,
              .name = "pgsluice_query_duration_seconds",
              .labels = {"pool", "operation", "status"},
              .help =
                  "How long statements took in PostgreSQL and on the way there and "
                  "back, without the wait for a session"};
  Family errors{.type = FamilyType::kCounter,
                .name = "pgsluice_query_errors_total",
                .labels = {"pool", "sqlstate_class", "grpc_code"},
                .help =
                    "Statements that failed once they had a session, by the first two "
                    "characters of their SQLSTATE (none: the error is the gateway's)"};
  Family rows{.type = FamilyType::kCounter,
              .name = "pgsluice_query_rows_returned_total",
              .labels = {"pool"},
              .help = "Rows that statements have returned"};
  Family bytes{.type = FamilyType::kCounter,
               .name = "pgsluice_query_result_bytes_total",
               .labels = {"pool"},
               .help = "Bytes of these rows, as limits.max_result_bytes counts them"};
  for (size_t i = 0; i < kPoolRoles.size(); ++i) {
    const std::string_view pool = RoleName(kPoolRoles[i]);
    const StatementTotals& totals = snapshot.shards.statements[i];
    for (size_t operation = 0; operation < kOperations; ++operation) {
      const std::string_view name = OperationName(static_cast<Operation>(operation));
      AddTimes(pool, name, "ok", totals.times[operation].ok, time);
      AddTimes(pool, name, "error", totals.times[operation].failed, time);
    }
    for (size_t state = 0; state < kSqlstateClasses; ++state) {
      for (size_t code = 0; code < kRpcCodes; ++code) {
        const uint64_t count = totals.errors[state][code];
        if (count == 0) continue;
        errors.Add({pool, SqlstateClassName(state), RpcCodeName(code)}, count);
      }
    }
    rows.Add({pool}, totals.rows);
    bytes.Add({pool}, totals.bytes);
  }
  for (Family* family : {&time, &errors, &rows, &bytes}) {
    families.push_back(std::move(*family));
  }
}

}  // namespace pgsluice

#include "tests/testing/sql_connection.h"

#include "absl/strings/str_cat.h"

namespace pgsluice::testing {

absl::StatusOr<SqlConnection> SqlConnection::Open(const std::string& conninfo) {
  SqlConnection connection(PQconnectdb(
      absl::StrCat(conninfo, " connect_timeout=5 application_name=", kTestApplication)
          .c_str()));
  PGconn* raw = connection.connection_.get();
  if (PQstatus(raw) != CONNECTION_OK) return absl::UnavailableError(PQerrorMessage(raw));
  // Expected errors are the test's to report.
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);
  return connection;
}

absl::StatusOr<std::vector<SqlRow>> SqlConnection::Run(
    const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                   nullptr, values.data(), nullptr, nullptr, 0),
      PQclear);

  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return absl::InternalError(
        absl::StrCat(sql, ": ", PQerrorMessage(connection_.get())));
  }
  std::vector<SqlRow> rows(PQntuples(result.get()));
  for (int r = 0; r < PQntuples(result.get()); ++r) {
    for (int c = 0; c < PQnfields(result.get()); ++c) {
      if (PQgetisnull(result.get(), r, c)) {
        rows[r].emplace_back(std::nullopt);
      } else {
        rows[r].emplace_back(PQgetvalue(result.get(), r, c));
      }
    }
  }
  return rows;
}

}  // namespace pgsluice::testing

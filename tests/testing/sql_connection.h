// One plain libpq connection of the test itself, beside the gateway: what the gateway
// claims is checked through it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <libpq-fe.h>

namespace pgsluice::testing {

using SqlRow = std::vector<std::optional<std::string>>;

// application_name of every connection that tests make themselves.
inline constexpr char kTestApplication[] = "pgsluice_test";

class SqlConnection final {
 public:
  static absl::StatusOr<SqlConnection> Open(const std::string& conninfo);

  // Parameters in text form.
  absl::StatusOr<std::vector<SqlRow>> Run(
      const std::string& sql, const std::vector<std::string>& parameters = {});

 private:
  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit SqlConnection(PGconn* connection) : connection_(connection) {}

  std::unique_ptr<PGconn, Closer> connection_;
};

}  // namespace pgsluice::testing

// Fixture of tests of statements that come with settings (Execution::settings).
#pragma once

#include <string>
#include <utility>

#include "tests/conformance/session_test.h"

namespace pgsluice::testing {

class SettingsTest : public SessionTest {
 protected:
  static constexpr char kTenant[] = "SELECT current_setting('app.tenant', true)";
  // Makes a row of the tenant, who is a number here.
  static constexpr char kInsert[] =
      "INSERT INTO ledger (a) VALUES (current_setting('app.tenant')::int) RETURNING a";

  Statement Settings(std::string name, std::string value) {
    return {.sql = "SELECT pg_catalog.set_config($1, $2, true)",
            .parameters = {{.type = 25, .value = std::move(name)},
                           {.type = 25, .value = std::move(value)}},
            .kind = StatementKind::kTransactionControl};
  }
  Execution With(const Statement& settings, Execution leg) {
    leg.settings = &settings;
    return leg;
  }
  Execution With(const Statement& settings, std::string sql, Phase phase) {
    return With(settings, Leg(std::move(sql), {}, phase));
  }
  LegEnd RunOne(const Execution& execution, TextSink& sink) {
    LegEnd end;
    end.status = Run(session().Start(execution));
    return end.ok() ? Fetch(sink) : end;
  }
  LegEnd RunOne(const Execution& execution) {
    TextSink sink;
    return RunOne(execution, sink);
  }
  LegEnd Commit() { return RunOne(Leg("COMMIT", {}, Phase::kCommit)); }
  // Nothing is open, and nothing is set.
  void ExpectNothingLeft() {
    EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
    EXPECT_FALSE(session().facts().has_statement_in_progress);
    const std::vector<std::string> rows =
        Plain("SELECT coalesce(current_setting('app.tenant', true), '')").rows;
    EXPECT_EQ(rows, std::vector<std::string>{""});
  }

  const Statement seven_ = Settings("app.tenant", "7");
};

}  // namespace pgsluice::testing

// One transaction: lives as long as its stream, rolled back unless committed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/client/options.h"
#include "pgsluice/client/parameter.h"
#include "pgsluice/client/result_set.h"
#include "pgsluice/client/row_stream.h"
#include "pgsluice/client/statement.h"

namespace pgsluice::client {

class TransactionStream;

// One operation at a time; a stream of Query is read (or dropped) before the next one.
// Confined to one thread at a time. When dropped without Commit, it is cancelled and
// the gateway rolls it back.
//
// A statement that fails leaves the transaction FAILED: only Rollback and RollbackTo go
// on from there. An error that ends the transaction shows in is_active().
class Transaction final {
 public:
  explicit Transaction(std::unique_ptr<TransactionStream> stream);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  // Runs a statement and returns its whole result.
  absl::StatusOr<ResultSet> Execute(Statement statement,
                                    std::vector<Parameter> parameters = {});
  // The last statement: COMMIT follows in the same round trip. OK only when it is
  // committed; when the statement fails, all is rolled back. Either way the transaction
  // is over.
  absl::StatusOr<ResultSet> ExecuteAndCommit(Statement statement,
                                             std::vector<Parameter> parameters = {});
  // Runs a statement and streams its rows. The stream must not outlive the transaction.
  absl::StatusOr<RowStream> Query(Statement statement,
                                  std::vector<Parameter> parameters = {},
                                  v1::RowEncoding encoding = v1::ROW_ENCODING_VALUES);

  absl::Status Savepoint(std::string_view name);
  // Also brings a FAILED transaction back to life.
  absl::Status RollbackTo(std::string_view name);
  absl::Status Release(std::string_view name);

  // OK only when it is committed (also by ExecuteAndCommit before). ABORTED: it had
  // failed and is rolled back. When the stream breaks meanwhile,
  // Error(status).outcome_unknown() is true.
  absl::Status Commit();
  absl::Status Rollback();

  // Once it is committed: makes a later read see it. Empty: not committed, or the gateway
  // hands out none.
  const std::string& token() const;

  v1::TransactionState state() const;
  bool is_active() const { return state() == v1::TRANSACTION_STATE_ACTIVE; }
  // Where it runs; empty before the first statement within RunInTransaction.
  const v1::Route& route() const;
  // Time the gateway gave to finish, when it is shutting down.
  std::optional<absl::Duration> drain_notice() const;
  // The gateway's latest warning that a time limit is about to strike, as of the last
  // response read.
  std::optional<v1::Expiring> expiry_notice() const;

 private:
  std::unique_ptr<TransactionStream> stream_;
};

}  // namespace pgsluice::client

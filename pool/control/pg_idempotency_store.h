// The real IdempotencyStore: a control session with the primary, opened when there is
// something to do. Confined to one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "pool/idempotency_keeper.h"

namespace pgsluice {

class PgIdempotencyStore final : public IdempotencyStore {
 public:
  // `timeout` of a connect and of each statement.
  PgIdempotencyStore(IdempotencyTable table, absl::Duration timeout,
                     ConninfoReader read_conninfo);
  ~PgIdempotencyStore() override;

  absl::Status Look(const Endpoint& primary, IfNoTable if_no_table) override;
  absl::StatusOr<bool> Sweep(const Endpoint& primary, absl::Duration retention) override;
  void Rest() override;

 private:
  struct Connection;

  absl::Status Connect(const Endpoint& primary);
  // Whether the table is there; if so, `fitness` says whether it can be used.
  bool Find(absl::Status& fitness);
  void Create();

  const IdempotencyTable table_;
  const absl::Duration timeout_;
  const ConninfoReader read_conninfo_;
  std::unique_ptr<Connection> connection_;
  std::string endpoint_;  // Of the connection.
};

}  // namespace pgsluice

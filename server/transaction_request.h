// Reads a request of a transaction: what it is to the machine, and which statement it
// sends. Rules file.
#pragma once

#include "absl/status/statusor.h"

#include "pgsluice/v1/transaction.pb.h"
#include "pool/statement.h"
#include "server/statement_source.h"
#include "server/transaction_machine.h"

namespace pgsluice {

// Whether there is anything in it but begin.
bool HasRequest(const v1::TransactionRequest& request);
// Of what comes besides begin, which must be there.
TransactionMachine::Request KindOf(const v1::TransactionRequest& request);

// The statement that an execute, a query or a savepoint request sends; or what is wrong
// with it.
absl::StatusOr<SourcedStatement> StatementOf(const v1::TransactionRequest& request,
                                             const StatementSource& source);

}  // namespace pgsluice

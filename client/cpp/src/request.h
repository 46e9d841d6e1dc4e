// From options and parameters to request messages.
#pragma once

#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

#include "pgsluice/client/options.h"
#include "pgsluice/client/parameter.h"
#include "pgsluice/client/statement.h"
#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/transaction.pb.h"

namespace pgsluice::client {

void FillDuration(absl::Duration duration, google::protobuf::Duration& message);
v1::Statement MakeStatement(const Statement& statement,
                            std::vector<Parameter> parameters);
v1::RequestOptions MakeRequestOptions(const Statement& statement,
                                      const QueryOptions& options);
v1::Begin MakeBegin(const TransactionOptions& options);
// `context` may be null.
void NoteToken(CausalContext* context, std::string_view token);

}  // namespace pgsluice::client

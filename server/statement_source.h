// Where the statements of a call come from: SQL text, or the book of named ones; and
// which of them its caller may run. Rules file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/value.pb.h"
#include "server/convert/row_encoder.h"
#include "server/convert/statement_from_proto.h"
#include "server/statement_book.h"

namespace pgsluice {

// Of a caller, by its policy.
struct StatementRights {
  bool named_only = false;
  // With named_only: those that it may run. A "*" stands for any characters, or for none.
  std::vector<std::string> patterns = {};

  bool operator==(const StatementRights&) const = default;
};

struct StatementSource {
  // Of SQL text alone, for everybody.
  constexpr StatementSource(const StatementLimits& its_limits) : limits(its_limits) {}

  StatementLimits limits;
  // Both outlive the source; null: there is no book, and nothing is forbidden.
  const StatementBook* book = nullptr;
  const StatementRights* rights = nullptr;
  std::string_view caller = {};  // In errors.
};

struct SourcedStatement {
  Statement statement;
  StatementTerms terms = {};
  std::optional<std::vector<TypeOid>> types = {};  // See NamedStatement.
};

// The statement that is meant, with the parameters that are in it. `parameters`: how many
// it has in all, those included that are known later on.
absl::StatusOr<SourcedStatement> SourceStatement(const v1::Statement& proto,
                                                 const StatementSource& source,
                                                 size_t parameters);
absl::StatusOr<SourcedStatement> SourceStatement(const v1::Statement& proto,
                                                 const StatementSource& source);

// Whether a call of one statement asks for the intent that the statement has.
absl::Status CheckAskedIntent(const StatementTerms& terms, v1::Intent asked);
// Whether the statement may run in a transaction or batch that only reads.
absl::Status CheckMayRead(const StatementTerms& terms);

// The limits of the call, as far as the statement is not narrower.
ResultLimits Narrow(ResultLimits limits, const StatementTerms& terms);
// The same, where the call has none; zero: none.
ResultLimits LimitsOf(const StatementTerms& terms);
// Zero: none.
absl::Duration Narrow(absl::Duration timeout, const StatementTerms& terms);

}  // namespace pgsluice

#include "server/statement_source.h"

#include <algorithm>
#include <utility>

#include "pool/error.h"
#include "pool/error_caller.h"
#include "pool/str_cat.h"
#include "server/caller_policy.h"

namespace pgsluice {

namespace {

bool MayRun(const StatementRights* rights, std::string_view name) {
  if (rights == nullptr || !rights->named_only) return true;
  return std::any_of(
      rights->patterns.begin(), rights->patterns.end(),
      [name](const std::string& pattern) { return FitsPattern(pattern, name); });
}

template <class T>
T LowerOf(T limit, T most) {
  if (most == T{}) return limit;
  return limit == T{} ? most : std::min(limit, most);
}

}  // namespace

absl::StatusOr<SourcedStatement> SourceStatement(const v1::Statement& proto,
                                                 const StatementSource& source,
                                                 size_t parameters) {
  const std::string& name = proto.name();
  if (name.empty()) {
    const bool is_refused = source.rights != nullptr && source.rights->named_only;
    if (is_refused) return StatementNotNamed(source.caller);
    absl::StatusOr<Statement> statement = StatementFromProto(proto, source.limits);
    if (!statement.ok()) return statement.status();
    return SourcedStatement{.statement = *std::move(statement)};
  }
  if (!proto.sql().empty()) {
    return InvalidRequest("statement.name", "comes with sql: send one of the two");
  }
  if (!IsStatementName(name)) {
    return InvalidRequest("statement.name",
                          "is not the name of a statement: letters, digits and _, with "
                          "dots between its parts, at most 128 bytes");
  }
  const NamedStatement* named =
      source.book == nullptr ? nullptr : source.book->Find(name);
  if (named == nullptr || !MayRun(source.rights, name)) return StatementUnknown(name);
  const bool has_types = named->types.has_value();
  if (has_types && parameters != named->types->size()) {
    return InvalidRequest("statement.parameters",
                          StrCat("are ", parameters, "; the statement ", name, " takes ",
                                 named->types->size()));
  }
  absl::StatusOr<std::vector<Parameter>> values = ParametersFromProto(
      proto, source.limits,
      has_types ? std::span<const TypeOid>(*named->types) : std::span<const TypeOid>());
  if (!values.ok()) return values.status();
  return SourcedStatement{.statement = {.sql = named->sql,
                                        .parameters = *std::move(values),
                                        .kind = named->kind},
                          .terms = named->terms,
                          .types = named->types};
}

absl::StatusOr<SourcedStatement> SourceStatement(const v1::Statement& proto,
                                                 const StatementSource& source) {
  return SourceStatement(proto, source, static_cast<size_t>(proto.parameters_size()));
}

absl::Status CheckAskedIntent(const StatementTerms& terms, v1::Intent asked) {
  if (!terms.intent.has_value() || asked == v1::INTENT_UNSPECIFIED) {
    return absl::OkStatus();
  }
  const bool is_read = *terms.intent == Intent::kRead;
  if (is_read == (asked == v1::INTENT_READ)) return absl::OkStatus();
  return InvalidRequest("options.intent",
                        StrCat("contradicts the named statement's, which is ",
                               is_read ? "READ" : "WRITE", "; leave it out"));
}

absl::Status CheckMayRead(const StatementTerms& terms) {
  if (terms.intent != Intent::kWrite) return absl::OkStatus();
  return InvalidRequest("statement.name",
                        "is a statement of intent WRITE, and this only reads");
}

ResultLimits Narrow(ResultLimits limits, const StatementTerms& terms) {
  return {.max_rows = LowerOf(limits.max_rows, terms.max_rows),
          .max_bytes = LowerOf(limits.max_bytes, terms.max_bytes)};
}

ResultLimits LimitsOf(const StatementTerms& terms) {
  return Narrow(ResultLimits{}, terms);
}

absl::Duration Narrow(absl::Duration timeout, const StatementTerms& terms) {
  return LowerOf(timeout, terms.max_duration);
}

}  // namespace pgsluice

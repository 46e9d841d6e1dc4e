#include "server/doctor/key_table_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kNoKeyTable = {
    "no-key-table", Severity::kError,
    "idempotency.enabled, and the table is not there and will not be made",
    "Writes with an idempotency key are refused."};
constexpr FindingKind kKeyTableUnfit = {
    "key-table-unfit", Severity::kError,
    "idempotency.enabled, and the table cannot be used as it is",
    "Writes with an idempotency key are refused."};

constexpr char kScript[] =
    "pgsluiced --config ... --idempotency-sql | psql -v gateway=<role> <database>";

}  // namespace

FindingKinds KeyTableKinds() { return {&kNoKeyTable, &kKeyTableUnfit}; }

void JudgeKeyTable(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings) {
  if (!endpoint.is_primary() || !endpoint.server->key_table.has_value()) return;
  const KeyTableFacts& table = *endpoint.server->key_table;
  if (!table.has_table) {
    if (gateway.creates_key_table && table.may_create) return;  // It will.
    findings.push_back(
        {&kNoKeyTable,
         {endpoint.name},
         StrCat("The table is not there, and ",
                gateway.creates_key_table
                    ? StrCat("the role ", Identifier(endpoint.server->login.role),
                             " may not create it.")
                    : std::string("idempotency.create is false.")),
         "Let an administrator run what the gateway prints:",
         {kScript}});
  } else if (!table.why_not_fit.empty()) {
    findings.push_back({&kKeyTableUnfit,
                        {endpoint.name},
                        StrCat("The keeper says: ", table.why_not_fit, "."),
                        "Do what it says, or let an administrator run:",
                        {kScript}});
  }
}

}  // namespace pgsluice::doctor

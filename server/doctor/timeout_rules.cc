#include "server/doctor/timeout_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kStatementTimeout = {
    "statement-timeout", Severity::kWarning,
    "statement_timeout is set, and session.statement_timeout is 0",
    "It ends callers' statements whatever their deadline; they take it for their own."};
constexpr FindingKind kStatementTimeoutHidden = {
    "statement-timeout-hidden", Severity::kNote,
    "statement_timeout is set for role or database, and the gateway overrides it",
    "It does not hold for callers: session.statement_timeout does, and their deadlines."};
constexpr FindingKind kProbesCut = {
    "probes-cut", Severity::kError, "statement_timeout is below probe.timeout",
    "Control sessions are bound by it: a probe that is cut counts as none, and endpoints "
    "come and go under load."};
constexpr FindingKind kIdleInTransaction = {
    "idle-in-transaction", Severity::kWarning,
    "PostgreSQL ends idle transactions earlier than limits.transaction_idle_timeout",
    "A transaction whose caller thinks for a moment is lost with its session, instead of "
    "being warned and rolled back by the gateway."};
constexpr FindingKind kIdleSession = {
    "idle-session", Severity::kWarning,
    "idle_session_timeout is set, and not above pools.*.ping_after",
    "PostgreSQL ends the pools' idle sessions, and calls wait for new ones."};
constexpr FindingKind kTransactionTimeout = {
    "transaction-timeout", Severity::kWarning,
    "transaction_timeout is set, and below limits.max_transaction_duration",
    "It ends transactions together with their session, earlier than the gateway warns "
    "of."};
constexpr FindingKind kLockTimeout = {
    "lock-timeout", Severity::kNote, "lock_timeout is set",
    "Statements that wait longer for a lock fail (55P03), whatever their deadline."};
constexpr FindingKind kGoneClients = {
    "gone-clients", Severity::kNote, "client_connection_check_interval is 0",
    "A statement whose gateway has died goes on to its end, with its locks."};
constexpr FindingKind kServerKeepalives = {
    "server-keepalives", Severity::kNote,
    "tcp_keepalives_idle is the system's default, two hours usually",
    "Sessions of a gateway whose machine or link has died keep their places in "
    "max_connections for that long."};

constexpr absl::Duration kNone = absl::ZeroDuration();

bool IsScoped(const ServerFacts& server, std::string_view name) {
  return !WhereSet(server, name).empty();
}

std::string SetTo(const ServerFacts& server, std::string_view name,
                  absl::Duration value) {
  return StrCat(name, " is ", Text(value), WhereSet(server, name), ".");
}

void JudgeStatementTimeout(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                           Findings& findings) {
  constexpr char kName[] = "statement_timeout";
  const ServerFacts& server = *endpoint.server;
  const absl::Duration value = DurationOf(server, kName).value_or(kNone);
  if (value <= kNone) return;
  if (gateway.session.statement_timeout <= kNone) {
    findings.push_back({&kStatementTimeout,
                        {endpoint.name},
                        SetTo(server, kName, value),
                        "Switch it off for the gateway's role, whose deadlines do its "
                        "work; or set session.statement_timeout.",
                        {SetForRole(server, kName, "0")}});
  } else if (IsScoped(server, kName)) {
    findings.push_back(
        {&kStatementTimeoutHidden,
         {endpoint.name},
         SetTo(server, kName, value),
         StrCat("If callers are to be bound by it, set session.statement_timeout (now ",
                Text(gateway.session.statement_timeout), ") or limits.max_deadline.")});
  }
  if (value < gateway.probe_timeout) {
    findings.push_back({&kProbesCut,
                        {endpoint.name},
                        SetTo(server, kName, value),
                        StrCat("Give the role at least probe.timeout (",
                               Text(gateway.probe_timeout), "):"),
                        {SetForRole(server, kName, "0")}});
  }
}

void JudgeIdle(const GatewayFacts& gateway, const EndpointFacts& endpoint,
               Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  constexpr char kInTransaction[] = "idle_in_transaction_session_timeout";
  const absl::Duration ours = gateway.session.idle_in_transaction_timeout;
  const absl::Duration theirs = DurationOf(server, kInTransaction).value_or(kNone);
  // What the gateway asks for at the start of a session overrides the server's.
  if (ours <= kNone && theirs > kNone && theirs <= gateway.transaction_idle_timeout) {
    findings.push_back({&kIdleInTransaction,
                        {endpoint.name},
                        SetTo(server, kInTransaction, theirs),
                        StrCat("Keep it above limits.transaction_idle_timeout (",
                               Text(gateway.transaction_idle_timeout),
                               "), or set session.idle_in_transaction_timeout:"),
                        {SetForRole(server, kInTransaction, "60s")}});
  }
  constexpr char kIdle[] = "idle_session_timeout";
  const absl::Duration idle = DurationOf(server, kIdle).value_or(kNone);
  const auto is_short = [&](const PoolOptions& pool) {
    return pool.ping_after <= kNone || idle <= pool.ping_after;
  };
  if (idle > kNone &&
      (is_short(gateway.pools.primary) || is_short(gateway.pools.replica))) {
    findings.push_back({&kIdleSession,
                        {endpoint.name},
                        SetTo(server, kIdle, idle),
                        "The pools close what is idle too long themselves; switch it off "
                        "for the gateway's role:",
                        {SetForRole(server, kIdle, "0")}});
  }
}

void JudgeOthers(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                 Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  constexpr char kTransaction[] = "transaction_timeout";
  const absl::Duration transaction = DurationOf(server, kTransaction).value_or(kNone);
  if (transaction > kNone && transaction <= gateway.max_transaction_duration) {
    findings.push_back({&kTransactionTimeout,
                        {endpoint.name},
                        SetTo(server, kTransaction, transaction),
                        StrCat("Keep it above limits.max_transaction_duration (",
                               Text(gateway.max_transaction_duration), "), or:"),
                        {SetForRole(server, kTransaction, "0")}});
  }
  constexpr char kLock[] = "lock_timeout";
  const absl::Duration lock = DurationOf(server, kLock).value_or(kNone);
  if (lock > kNone) {
    findings.push_back({&kLockTimeout,
                        {endpoint.name},
                        SetTo(server, kLock, lock),
                        "Nothing, if that is meant; else:",
                        {SetForRole(server, kLock, "0")}});
  }
}

void JudgeDeadPeers(const EndpointFacts& endpoint, Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  if (Is(server, "client_connection_check_interval", "0")) {
    findings.push_back({&kGoneClients,
                        {endpoint.name},
                        "client_connection_check_interval is 0.",
                        "Let PostgreSQL look, now and then, whether its client is there:",
                        {SetForRole(server, "client_connection_check_interval", "10s")}});
  }
  if (Is(server, "tcp_keepalives_idle", "0") && !endpoint.trial.is_local) {
    findings.push_back({&kServerKeepalives,
                        {endpoint.name},
                        "tcp_keepalives_idle is 0, the system's default.",
                        "Let PostgreSQL find dead gateways within two minutes:",
                        {SetForRole(server, "tcp_keepalives_idle", "60"),
                         SetForRole(server, "tcp_keepalives_interval", "10"),
                         SetForRole(server, "tcp_keepalives_count", "6")}});
  }
}

}  // namespace

FindingKinds TimeoutKinds() {
  return {
      &kStatementTimeout, &kStatementTimeoutHidden, &kProbesCut,   &kIdleInTransaction,
      &kIdleSession,      &kTransactionTimeout,     &kLockTimeout, &kGoneClients,
      &kServerKeepalives};
}

void JudgeTimeouts(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings) {
  if (!endpoint.server.has_value()) return;
  JudgeStatementTimeout(gateway, endpoint, findings);
  JudgeIdle(gateway, endpoint, findings);
  JudgeOthers(gateway, endpoint, findings);
  JudgeDeadPeers(endpoint, findings);
}

}  // namespace pgsluice::doctor

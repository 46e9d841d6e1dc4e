// What the audit will say of one call, gathered while it goes on. Confined to the call's
// shard.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/audit_log.h"
#include "server/slow_query_log.h"

namespace pgsluice {

class CallAudit final {
 public:
  // `method` outlives it: a constant.
  CallAudit(AuditLog& log, std::string_view method) : log_(log), method_(method) {}
  CallAudit(const CallAudit&) = delete;
  CallAudit& operator=(const CallAudit&) = delete;

  // The gate did not let it in; `why`: what the caller was not told.
  void NoteRefusal(std::string why);
  void NoteIntent(std::string_view intent) { intent_ = intent; }
  // Of a statement that got a session.
  void NoteStatement(const StatementReport& report);
  // How its transaction ended; the last one counts.
  void NoteTransaction(std::string_view outcome) { transaction_ = outcome; }
  // What the call ends with, before it is turned into what the caller gets.
  void NoteStatus(const absl::Status& status) { status_ = status; }

  struct Caller {
    std::string_view name;
    std::string peer;
    std::string_view trace_id;
  };
  // The call has ended so: its line.
  void Write(const Caller& caller, absl::StatusCode code, absl::Duration took);

 private:
  std::string_view Outcome(absl::StatusCode code) const;

  AuditLog& log_;
  const std::string_view method_;
  std::string_view intent_;
  std::string_view transaction_;
  bool was_refused_ = false;
  std::string why_;
  absl::Status status_;
  uint64_t statements_ = 0;
  uint64_t rows_ = 0;
  std::string endpoint_;            // Of the last statement.
  std::vector<std::string> names_;  // Of named statements.
  std::vector<uint64_t> fingerprints_;
};

}  // namespace pgsluice

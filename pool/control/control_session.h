// The control path: a blocking session to one endpoint through libpqxx, for questions
// about the server itself. Never used for callers' statements. Confined to one thread,
// but for Interrupt.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/topology.h"

namespace pgsluice {

struct ControlOptions {
  std::string application_name = "pgsluice control";
  absl::Duration connect_timeout = absl::Seconds(2);  // libpq: whole seconds, at least 2.
  absl::Duration statement_timeout = absl::Seconds(2);
  std::vector<std::string> users = {};  // What they may do is asked, too.

  bool operator==(const ControlOptions&) const = default;
};

class ControlSession final {
 public:
  // `read_conninfo` is called at each connect.
  ControlSession(Endpoint endpoint, ConninfoReader read_conninfo, ControlOptions options);
  ~ControlSession();
  ControlSession(const ControlSession&) = delete;
  ControlSession& operator=(const ControlSession&) = delete;

  // Connects if need be and asks for role, timeline, LSN and receiver. A failure is a
  // result, too: the next call connects anew.
  ProbeResult Probe();
  // From the next connect on; ends the one there is when anything differs.
  void SetOptions(const ControlOptions& options);
  void Disconnect();
  // Makes a call under way fail soon, even if the server is frozen. From any thread.
  void Interrupt();

 private:
  struct Connection;
  // Both throw as libpqxx does.
  void Connect(const std::string& conninfo);
  void Ask(ProbeResult& result);

  std::shared_ptr<const TimelineHistory> HistoryOf(uint32_t timeline);

  const Endpoint endpoint_;
  const ConninfoReader read_conninfo_;
  ControlOptions options_;
  std::unique_ptr<Connection> connection_;
  std::atomic<int> socket_{-1};
  // Shared with the probes' results.
  std::shared_ptr<const TimelineHistory> history_;
  uint32_t looked_for_ = 0;  // The timeline whose history was looked for last.
  absl::Time looked_at_;
};

}  // namespace pgsluice

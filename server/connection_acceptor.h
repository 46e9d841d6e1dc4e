// Accepts the connections of one listening address on a thread of its own, within limits,
// and hands them on; gRPC, which serves them, has no say in who may come (decision 37).
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "server/connection_cut.h"
#include "server/connection_table.h"
#include "server/connection_watch.h"
#include "server/listening_sockets.h"
#include "server/memory_guard.h"

namespace pgsluice {

struct ConnectionTotals {
  size_t open = 0;
  std::array<uint64_t, kCutReasons> cuts = {};  // By reason, since start.
  // By what became of them, since start.
  std::array<uint64_t, kConnectionVerdicts> verdicts = {};
};

class ConnectionAcceptor final {
 public:
  // Takes the descriptor, and closes it some day. On the acceptor's thread.
  using HandOver = std::function<void(int descriptor)>;

  // `name`: of the port, in logs. Accepts from now on.
  ConnectionAcceptor(std::string name, ListeningSockets sockets,
                     const ConnectionLimits& limits, ConnectionWatch watch,
                     HandOver hand_over);
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;
  ~ConnectionAcceptor() { Stop(); }

  int port() const { return port_; }
  // For connections from now on.
  void Reconfigure(const ConnectionLimits& limits) ABSL_LOCKS_EXCLUDED(mutex_);
  // Accepts no more, and closes the sockets; those handed over stay. Once.
  void Stop();
  // Looks at each open one.
  ConnectionTotals totals() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run();
  // One of those that have come; the next look tells of more.
  void AcceptFrom(int socket);
  void Admit(Descriptor connection, const sockaddr_storage& address)
      ABSL_LOCKS_EXCLUDED(mutex_);
  ConnectionVerdict Judge(const Descriptor& connection, const std::string& peer)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // With no descriptor left: takes one connection to end it, so that its client knows.
  void RefuseWithSpare(int socket);
  void Refuse(Descriptor connection, const std::string& peer, ConnectionVerdict verdict);
  // How long the thread may sleep.
  int SleepMilliseconds() const;
  void LookAround() ABSL_LOCKS_EXCLUDED(mutex_);
  void LookAtMemory() ABSL_LOCKS_EXCLUDED(mutex_);
  void LookForWaste(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  MemoryGuard::Step NextStep() ABSL_LOCKS_EXCLUDED(mutex_);
  ReceivedByDescriptor SampleReceived() ABSL_LOCKS_EXCLUDED(mutex_);
  void CutLoudest();
  void CutWaste(const ConnectionWatch::Waste& waste, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Count(ConnectionVerdict verdict) {
    verdicts_[static_cast<size_t>(verdict)].fetch_add(1, std::memory_order_relaxed);
  }
  void CountCut(CutReason reason) {
    cuts_[static_cast<size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  }

  const std::string name_;
  const int port_;
  const HandOver hand_over_;
  const Descriptor stop_event_;

  std::array<std::atomic<uint64_t>, kConnectionVerdicts> verdicts_ = {};
  std::array<std::atomic<uint64_t>, kCutReasons> cuts_ = {};

  // The thread's own, once it runs.
  ListeningSockets sockets_;
  ReceivedByDescriptor sample_;
  ConnectionWatch watch_;
  absl::Time last_look_ = absl::InfinitePast();  // At memory, and for waste.
  Descriptor spare_;  // Held so that there is one when there is none.
  std::thread thread_;

  // Wanted by the thread and by scrapes only, so it may be held for a look at each
  // socket.
  absl::Mutex mutex_;
  ConnectionTable table_ ABSL_GUARDED_BY(mutex_);
  MemoryGuard guard_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_sweep_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace pgsluice

// A TCP proxy inside the test process that can misbehave: put it between the gateway
// and PostgreSQL, or between a client and the gateway. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pgsluice::testing {

// Long enough for all pieces of a flight to leave before its first answer is handed on
// (libpq sends at each Sync), even on a busy machine.
inline constexpr absl::Duration kCountingDelay = absl::Milliseconds(40);

class TcpGate final {
 public:
  enum class Mode {
    kPass,
    kRefuse,     // New connections are refused; those that are there pass.
    kBlackHole,  // Connections are accepted, and no byte goes through either way.
  };

  // Leads to 127.0.0.1:target_port; listens on a free port of 127.0.0.1, or where told.
  explicit TcpGate(int target_port, std::string host = "127.0.0.1", int port = 0);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }

  void SetMode(Mode mode);
  // Added to every piece of data, in both directions.
  void SetDelay(absl::Duration delay);
  // For answers of the target; 0: unlimited.
  void SetThrottle(int64_t bytes_per_second);
  // Cuts all connections after `bytes` more of the target's answers.
  void CutAfter(int64_t bytes);
  // Cuts all connections, by reset.
  void CutAll();
  // How often a client has sent something after an answer was handed on, or at the
  // beginning: the round trips of one that waits for its answers. With a delay
  // (kCountingDelay), what is sent in two pieces counts once, unless the second comes
  // later than the answer to the first.
  int64_t round_trips() const { return round_trips_; }
  // Whether all that the target has sent by now has been handed on.
  bool HasHandedOnAnswers();
  // Connections open now.
  int connections() const { return open_links_; }

 private:
  struct Link {
    int client = -1;
    int target = -1;
    std::atomic<bool> is_cut = false;
    std::atomic<int> running_pumps = 2;
    std::atomic<bool> is_asking = false;     // The client was the last to send.
    std::atomic<bool> is_answering = false;  // A piece of an answer may be in our hands.
    std::thread to_target;
    std::thread to_client;
  };
  enum class Direction { kToTarget, kToClient };

  void Accept();
  void Open(int client);
  void Pump(Link& link, Direction direction);
  bool Forward(Link& link, Direction direction, const char* data, size_t size);
  void Cut(Link& link);
  void JoinFinishedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int Listen();

  const int target_port_;
  const std::string host_;
  const int port_;

  std::atomic<bool> is_closing_ = false;
  std::atomic<Mode> mode_ = Mode::kPass;
  std::atomic<int64_t> delay_us_ = 0;
  std::atomic<int64_t> bytes_per_second_ = 0;
  std::atomic<int64_t> bytes_until_cut_ = INT64_MAX;
  std::atomic<int> open_links_ = 0;
  std::atomic<int64_t> round_trips_ = 0;
  std::thread acceptor_;

  absl::Mutex mutex_;
  std::list<Link> links_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::testing

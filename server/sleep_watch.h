// Wakes sleeping shards when one of their sockets is ready: a shard sleeps in its gRPC
// completion queue, which knows nothing of the sockets of its sessions. One thread for
// all shards, with nothing to do while they are busy.
#pragma once

#include <functional>
#include <thread>
#include <unordered_map>

namespace pgsluice {

// Arm: from any thread. The others: by whoever owns it, in the order below.
class SleepWatch final {
 public:
  SleepWatch();
  SleepWatch(const SleepWatch&) = delete;
  SleepWatch& operator=(const SleepWatch&) = delete;
  ~SleepWatch();

  // `descriptor` is readable when a socket of the shard is ready; `wake` is called for
  // it, on the watch's thread.
  void Add(int descriptor, std::function<void()> wake);
  void Start();
  // Calls `wake` once as soon as the descriptor is readable, which it may be already.
  void Arm(int descriptor);
  // Nobody is called after that.
  void Stop();

 private:
  void Run();

  const int epoll_;
  const int stop_event_;
  std::unordered_map<int, std::function<void()>> wakers_;  // Constant after Start.
  std::thread thread_;
};

}  // namespace pgsluice

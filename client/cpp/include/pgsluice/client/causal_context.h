// Makes the calls of one user, request or job see each other: reads see what was written
// before within the same context, wherever they run.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace pgsluice::client {

// Carries the token of the latest write. Given to calls (QueryOptions::context), writes
// note theirs in it, and reads that ask for no other freshness wait for it. To carry it
// to another service, send token() along and Note() it there; in a header it needs
// base64. Thread-safe.
//
// When a failover has lost a write, reads with its token fail (reason TOKEN_LOST) until a
// later write, or Forget(). A later write's token does not tell of it any more.
class CausalContext final {
 public:
  CausalContext() = default;
  CausalContext(const CausalContext&) = delete;
  CausalContext& operator=(const CausalContext&) = delete;

  // The later one of it and what was noted before. Empty: changes nothing.
  void Note(std::string_view token);
  // Empty: no write so far.
  std::string token() const;
  void Forget();

 private:
  mutable std::mutex mutex_;
  std::string token_;  // Guarded by mutex_.
};

// Of two tokens of one cluster, the later; an empty one is earlier than all.
std::string_view LaterToken(std::string_view a, std::string_view b);

}  // namespace pgsluice::client

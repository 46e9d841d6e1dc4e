// What a cancel request names a backend by: its process id and a secret that only the
// owner of the session knows.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace pgsluice {

struct CancelKey {
  int32_t pid = 0;
  int32_t secret = 0;

  bool operator==(const CancelKey&) const = default;
};

// Of a line of libpq's protocol trace; nothing when it is another message's.
std::optional<CancelKey> CancelKeyOfTrace(std::string_view line);

// Listens to a handshake for the key. libpq (before 17) shows the secret nowhere but in
// its protocol trace, which is read here, never stored, and wiped. Passwords are not part
// of that trace.
class CancelKeyReader final {
 public:
  // From here on, until destroyed. `connection` must outlive it.
  explicit CancelKeyReader(PGconn* connection);
  CancelKeyReader(const CancelKeyReader&) = delete;
  CancelKeyReader& operator=(const CancelKeyReader&) = delete;
  ~CancelKeyReader();

  // Of the backend that `connection` now belongs to; nothing when it was not seen.
  std::optional<CancelKey> key() const;

 private:
  static ssize_t OnTrace(void* self, const char* text, size_t size);

  PGconn* const connection_;
  FILE* trace_ = nullptr;
  std::string line_;
  std::optional<CancelKey> key_;  // The last one seen.
};

}  // namespace pgsluice

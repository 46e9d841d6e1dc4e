// The sockets that listen on one address: one for each that its name stands for.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgsluice {

// Owns one, and closes it.
class Descriptor final {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { Close(); }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // Whose it is from now on.
  int Release() { return std::exchange(number_, -1); }
  void Close();

 private:
  int number_;
};

class ListeningSockets final {
 public:
  // `address`: "host:port", "[IPv6]:port" or "unix:/path". Port 0 takes any free one, the
  // same for all. `user_timeout`: after which connections whose peer's system does not
  // acknowledge what was sent are closed. An error says which address could not be had,
  // and why.
  static absl::StatusOr<ListeningSockets> Open(const std::string& address,
                                               absl::Duration user_timeout);
  ListeningSockets(ListeningSockets&&) = default;
  ListeningSockets& operator=(ListeningSockets&&) = default;
  ~ListeningSockets() { Close(); }

  const std::vector<Descriptor>& sockets() const { return sockets_; }
  // 1 for a Unix socket, as gRPC has it.
  int port() const { return port_; }
  // And removes the Unix socket's file, unless it is another's by now.
  void Close();

 private:
  ListeningSockets() = default;

  absl::Status OpenUnix(const std::string& path);
  absl::Status OpenTcp(const std::string& host, const std::string& port,
                       absl::Duration user_timeout);

  std::vector<Descriptor> sockets_;
  int port_ = 0;
  std::string unix_path_;
  ino_t unix_inode_ = 0;
};

}  // namespace pgsluice

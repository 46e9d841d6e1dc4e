// The connection that carries one cancel request. Confined to its shard.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "asio/awaitable.hpp"

#include "pool/event_loop.h"
#include "pool/pg/cancel_target.h"
#include "pool/socket_watch.h"
#include "pool/timer.h"

namespace pgsluice {

// What became of a cancel request.
enum class CancelEnd {
  kDelivered,  // PostgreSQL has acted on it, and will not any more.
  kNotSent,    // Nothing has left that could cancel anything.
  kUncertain,  // It may still strike, whatever runs then.
};

class CancelConnection final {
 public:
  CancelConnection(EventLoop& loop, std::shared_ptr<const CancelTarget> target)
      : loop_(loop), target_(std::move(target)), pause_(loop) {}
  CancelConnection(const CancelConnection&) = delete;
  CancelConnection& operator=(const CancelConnection&) = delete;
  ~CancelConnection() { Disconnect(); }

  // Once. Asks `is_wanted` at the last moment before the request leaves.
  asio::awaitable<CancelEnd> Run(std::function<bool()> is_wanted);
  // Ends Run soon.
  void Interrupt();

 private:
  // All: false when interrupted, or when the connection is of no use.
  asio::awaitable<bool> Connect();
  asio::awaitable<bool> AwaitConnected();
  asio::awaitable<bool> Greet();
  asio::awaitable<bool> Encrypt();
  bool SendRequest();
  asio::awaitable<bool> AwaitClosed();
  // What the server answers to the question for TLS; '\0' when it does not.
  asio::awaitable<char> AskForTls();
  void Disconnect();

  EventLoop& loop_;
  const std::shared_ptr<const CancelTarget> target_;  // Shared with its session.
  Timer pause_;
  bool is_interrupted_ = false;
  int descriptor_ = -1;
  std::optional<SocketWatch> watch_;
  SslHandle ssl_;
};

}  // namespace pgsluice

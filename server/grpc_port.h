// A port of a gRPC server whose connections are accepted here, and not by gRPC. Methods
// are called in order; totals and Reconfigure once it accepts, from any thread.
#pragma once

#include <grpcpp/server_builder.h>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "server/connection_acceptor.h"

namespace pgsluice {

class GrpcPort final {
 public:
  // Listens; nothing is accepted yet. See ListeningSockets.
  static absl::StatusOr<std::unique_ptr<GrpcPort>> Open(std::string name,
                                                        const std::string& address,
                                                        absl::Duration user_timeout);

  void AddTo(grpc::ServerBuilder& builder,
             const std::shared_ptr<grpc::ServerCredentials>& credentials);
  // Once the server has been started.
  void Accept(const ConnectionLimits& limits, uint64_t max_request_bytes);
  // Before the server's shutdown: gRPC closes nothing that it gets later.
  void Stop();

  int port() const { return port_; }
  void Reconfigure(const ConnectionLimits& limits) { acceptor_->Reconfigure(limits); }
  ConnectionTotals totals() { return acceptor_->totals(); }

 private:
  GrpcPort(std::string name, ListeningSockets sockets)
      : name_(std::move(name)), port_(sockets.port()), sockets_(std::move(sockets)) {}

  const std::string name_;
  const int port_;
  ListeningSockets sockets_;  // Until Accept.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
};

}  // namespace pgsluice

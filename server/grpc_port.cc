#include "server/grpc_port.h"

#include <utility>

#include "server/grpc_sockets.h"

namespace pgsluice {

absl::StatusOr<std::unique_ptr<GrpcPort>> GrpcPort::Open(std::string name,
                                                         const std::string& address,
                                                         absl::Duration user_timeout) {
  absl::StatusOr<ListeningSockets> sockets =
      ListeningSockets::Open(address, user_timeout);
  if (!sockets.ok()) return sockets.status();
  return std::unique_ptr<GrpcPort>(new GrpcPort(std::move(name), *std::move(sockets)));
}

void GrpcPort::AddTo(grpc::ServerBuilder& builder,
                     const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  grpc_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      credentials);
}

void GrpcPort::Accept(const ConnectionLimits& limits, uint64_t max_request_bytes) {
  ConnectionWatch watch(
      max_request_bytes,
      [sockets = GrpcSockets()](const std::string& peer, absl::Time now) mutable {
        return sockets.CountsOf(peer, now);
      });
  acceptor_ = std::make_unique<ConnectionAcceptor>(
      name_, std::move(sockets_), limits, std::move(watch), [this](int descriptor) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
            connection;
        connection.fd = descriptor;
        grpc_->HandleNewConnection(&connection);
      });
}

void GrpcPort::Stop() {
  if (acceptor_ != nullptr) acceptor_->Stop();
}

}  // namespace pgsluice

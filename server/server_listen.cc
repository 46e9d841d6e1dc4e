// The ports of gRPC, and the servers behind them.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "pool/str_cat.h"
#include "server/config/cluster_options.h"
#include "server/port_check.h"
#include "server/server.h"
#include "server/server_settings.h"

namespace pgsluice {

absl::Status Server::Listen() {
  const std::string& metrics_address = config_.server().metrics_listen_address();
  // Asked first, before anything is served.
  if (absl::Status free = CheckPortIsFree(metrics_address); !free.ok()) return free;
  if (absl::Status main = ListenForCalls(); !main.ok()) return main;
  if (config_.server().admin_listen_address().empty()) return absl::OkStatus();
  return ListenForAdmin();
}

absl::Status Server::ListenForCalls() {
  const config::v1::Server& server = config_.server();
  auto port = GrpcPort::Open("main", server.listen_address(),
                             ToDuration(server.keepalive_timeout()));
  if (!port.ok()) return port.status();
  main_port_ = *std::move(port);

  grpc::ServerBuilder builder;
  ApplyChannelArguments(config_, builder);
  credentials_ = MakeCredentials();
  main_port_->AddTo(builder, credentials_);
  builder.RegisterService(&gateway_service_);
  builder.RegisterService(&health_service_);
  // What is none of the others; gRPC itself would refuse it uncounted.
  builder.RegisterAsyncGenericService(&unknown_service_);
  if (server.reflection()) {
    builder.RegisterService(&reflection_service_);
    builder.RegisterService(&old_reflection_service_);
  }
  for (auto& shard : shards_) shard->AddQueue(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(StrCat("could not serve ", server.listen_address()));
  }
  main_port_->Accept(ConnectionLimitsOf(config_), config_.server().max_request_bytes());
  return absl::OkStatus();
}

absl::Status Server::ListenForAdmin() {
  const config::v1::Server& server = config_.server();
  auto port = GrpcPort::Open("admin", server.admin_listen_address(),
                             ToDuration(server.keepalive_timeout()));
  if (!port.ok()) return port.status();
  admin_port_ = *std::move(port);

  grpc::ServerBuilder builder;
  ApplyChannelArguments(config_, builder);
  admin_port_->AddTo(builder, grpc::InsecureServerCredentials());
  builder.RegisterService(&admin_health_service_);
  if (ServesAdmin(config_)) builder.RegisterService(&admin_service_);
  admin_queue_ = shards_.front()->AddQuietQueue(builder);
  admin_server_ = builder.BuildAndStart();
  if (admin_server_ == nullptr) {
    return absl::UnavailableError(
        StrCat("could not serve ", server.admin_listen_address()));
  }
  admin_port_->Accept(ConnectionLimitsOf(config_), config_.server().max_request_bytes());
  return absl::OkStatus();
}

}  // namespace pgsluice

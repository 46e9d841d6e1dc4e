#include "tests/testing/admin_client.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"

#include "tests/testing/gateway_client.h"

namespace pgsluice::testing {

namespace {

template <class Request>
Request For(const std::string& endpoint) {
  Request request;
  if (!endpoint.empty()) request.mutable_target()->set_endpoint(endpoint);
  return request;
}

}  // namespace

AdminClient::AdminClient(int admin_port)
    : stub_(v1::AdminService::NewStub(grpc::CreateChannel(
          absl::StrCat("127.0.0.1:", admin_port), grpc::InsecureChannelCredentials()))) {}

grpc::Status AdminClient::Reload(v1::ReloadResponse& response) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  return stub_->Reload(&context, {}, &response);
}

grpc::Status AdminClient::Pause(const std::string& endpoint,
                                v1::PauseResponse* response) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::PauseResponse mine;
  return stub_->Pause(&context, For<v1::PauseRequest>(endpoint),
                      response != nullptr ? response : &mine);
}

grpc::Status AdminClient::Resume(const std::string& endpoint) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::ResumeResponse response;
  return stub_->Resume(&context, For<v1::ResumeRequest>(endpoint), &response);
}

grpc::Status AdminClient::Reconnect(const std::string& endpoint) {
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::ReconnectResponse response;
  return stub_->Reconnect(&context, For<v1::ReconnectRequest>(endpoint), &response);
}

}  // namespace pgsluice::testing

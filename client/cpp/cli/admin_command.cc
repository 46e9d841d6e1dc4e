#include "client/cpp/cli/admin_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/pools_lines.h"
#include "client/cpp/src/status_details.h"
#include "pgsluice/v1/admin_service.grpc.pb.h"

namespace pgsluice::cli {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(10);
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);

class Admin final {
 public:
  Admin(const AdminCommandOptions& options, absl::Duration timeout)
      : options_(options),
        timeout_(timeout),
        stub_(v1::AdminService::NewStub(
            grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials()))) {}

  ExitCode Run() {
    switch (options_.action) {
      case AdminAction::kReload: return Reload();
      case AdminAction::kPause: return Pause();
      case AdminAction::kResume: {
        v1::ResumeResponse response;
        const grpc::Status status = Call(&v1::AdminService::Stub::Resume,
                                         Targeted<v1::ResumeRequest>(), response);
        return Print(status, "resumed", response.pools());
      }
      case AdminAction::kReconnect: {
        v1::ReconnectResponse response;
        const grpc::Status status = Call(&v1::AdminService::Stub::Reconnect,
                                         Targeted<v1::ReconnectRequest>(), response);
        return Print(status, "reconnecting", response.pools());
      }
    }
    return ExitCode::kUsage;
  }

 private:
  using Pools = google::protobuf::RepeatedPtrField<v1::EndpointPoolStats>;

  template <class Request>
  Request Targeted() const {
    Request request;
    if (options_.role == "primary") {
      request.mutable_target()->set_role(v1::ROLE_PRIMARY);
    } else if (options_.role == "replica") {
      request.mutable_target()->set_role(v1::ROLE_REPLICA);
    } else if (!options_.endpoint.empty()) {
      request.mutable_target()->set_endpoint(options_.endpoint);
    }
    return request;
  }

  template <class Method, class Request, class Response>
  grpc::Status Call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
    return (stub_.get()->*method)(&context, request, &response);
  }

  ExitCode Fail(const grpc::Status& status) const {
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      std::fprintf(stderr,
                   "pgsluice: %s does not serve AdminService; is it the admin port, and "
                   "server.admin_service on?\n",
                   options_.address.c_str());
      return ExitCode::kUsage;
    }
    const absl::Status failure = client::FromGrpc(status);
    std::fputs(ErrorReport(failure, "").c_str(), stderr);
    return ExitCodeFor(failure);
  }

  ExitCode Reload() {
    v1::ReloadResponse response;
    const grpc::Status status =
        Call(&v1::AdminService::Stub::Reload, v1::ReloadRequest(), response);
    if (!status.ok()) return Fail(status);
    if (response.applied().empty() && response.needs_restart().empty()) {
      std::puts("nothing has changed");
    }
    PrintChanges("applied:", response.applied());
    PrintChanges("needs a restart:", response.needs_restart());
    for (const std::string& note : response.notes()) {
      std::printf("note: %s\n", note.c_str());
    }
    return ExitCode::kOk;
  }

  static void PrintChanges(
      const char* title,
      const google::protobuf::RepeatedPtrField<v1::SettingChange>& changes) {
    if (changes.empty()) return;
    std::puts(title);
    for (const v1::SettingChange& change : changes) {
      std::printf("  %s: %s -> %s\n", change.path().c_str(), change.before().c_str(),
                  change.after().c_str());
    }
  }

  // To pause once more is harmless, and tells how far it is.
  ExitCode Pause() {
    const absl::Time end = absl::Now() + options_.wait;
    while (true) {
      v1::PauseResponse response;
      const grpc::Status status =
          Call(&v1::AdminService::Stub::Pause, Targeted<v1::PauseRequest>(), response);
      uint32_t leased = 0;
      for (const v1::EndpointPoolStats& pool : response.pools()) leased += pool.leased();
      if (!status.ok() || leased == 0 || absl::Now() >= end) {
        const ExitCode exit = Print(status, "paused", response.pools());
        if (exit != ExitCode::kOk || options_.wait <= absl::ZeroDuration()) return exit;
        if (leased == 0) return exit;
        std::fprintf(stderr, "pgsluice: %u sessions are still in use\n", leased);
        return ExitCode::kSql;
      }
      absl::SleepFor(kLookInterval);
    }
  }

  ExitCode Print(const grpc::Status& status, const char* what, const Pools& pools) const {
    if (!status.ok()) return Fail(status);
    std::puts(what);
    AlignedFormat format({{"endpoint"},
                          {"role"},
                          {"paused"},
                          {"open", Align::kRight},
                          {"leased", Align::kRight},
                          {"waiters", Align::kRight},
                          {"to renew", Align::kRight}},
                         "", true);
    std::vector<TableRow> rows;
    for (const v1::EndpointPoolStats& pool : pools) {
      const std::string of_login = pool.login().empty() ? "" : ", login " + pool.login();
      rows.push_back({pool.endpoint() + of_login, RoleText(pool.role()),
                      pool.paused() ? "yes" : "no", std::to_string(pool.open()),
                      std::to_string(pool.leased()), std::to_string(pool.waiters()),
                      std::to_string(pool.to_renew())});
    }
    std::fputs(format.Format(rows).c_str(), stdout);
    return ExitCode::kOk;
  }

  const AdminCommandOptions& options_;
  const absl::Duration timeout_;
  const std::unique_ptr<v1::AdminService::Stub> stub_;
};

}  // namespace

ExitCode RunAdminCommand(const AdminCommandOptions& options,
                         std::optional<absl::Duration> timeout) {
  return Admin(options, timeout.value_or(kDefaultTimeout)).Run();
}

}  // namespace pgsluice::cli

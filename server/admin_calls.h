// AdminService: reload, pause, resume, reconnect. On the shard of the admin port.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/admin_service.pb.h"
#include "server/call_environment.h"
#include "server/reloader.h"
#include "server/rpc.h"

namespace pgsluice {

using ReloadCall = UnaryCall<v1::ReloadRequest, v1::ReloadResponse>;
using PauseCall = UnaryCall<v1::PauseRequest, v1::PauseResponse>;
using ResumeCall = UnaryCall<v1::ResumeRequest, v1::ResumeResponse>;
using ReconnectCall = UnaryCall<v1::ReconnectRequest, v1::ReconnectResponse>;

asio::awaitable<void> ServeReload(std::shared_ptr<ReloadCall> call,
                                  const CallEnvironment& environment, Reloader& reloader);
asio::awaitable<void> ServePause(std::shared_ptr<PauseCall> call,
                                 const CallEnvironment& environment);
asio::awaitable<void> ServeResume(std::shared_ptr<ResumeCall> call,
                                  const CallEnvironment& environment);
asio::awaitable<void> ServeReconnect(std::shared_ptr<ReconnectCall> call,
                                     const CallEnvironment& environment);

}  // namespace pgsluice

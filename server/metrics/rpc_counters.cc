#include "server/metrics/rpc_counters.h"

namespace pgsluice {

namespace {

constexpr std::array<std::string_view, kRpcCodes> kCodeNames = {"OK",
                                                                "Canceled",
                                                                "Unknown",
                                                                "InvalidArgument",
                                                                "DeadlineExceeded",
                                                                "NotFound",
                                                                "AlreadyExists",
                                                                "PermissionDenied",
                                                                "ResourceExhausted",
                                                                "FailedPrecondition",
                                                                "Aborted",
                                                                "OutOfRange",
                                                                "Unimplemented",
                                                                "Internal",
                                                                "Unavailable",
                                                                "DataLoss",
                                                                "Unauthenticated"};

}  // namespace

std::string_view RpcCodeName(size_t code) { return kCodeNames[code]; }

}  // namespace pgsluice

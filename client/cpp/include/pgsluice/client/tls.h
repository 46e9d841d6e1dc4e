// TLS to the gateway, from PEM files.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"

namespace pgsluice::client {

// The files are read once: clients made later see what they hold then.
struct TlsFiles {
  // The CAs that sign the gateway's certificate. Empty: those that the system trusts.
  std::string ca_file;
  // The client's own certificate, with those between it and its CA, and its key; both or
  // none.
  std::string cert_file;
  std::string key_file;
};

// For ClientOptions::credentials. InvalidArgument names the file that cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsCredentials(
    const TlsFiles& files);

}  // namespace pgsluice::client

// TLS of the main port, by gRPC, with the certificate that a CertificateStore has at each
// handshake.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <memory>

#include "pgsluice/config/v1/config.pb.h"
#include "server/certificate_store.h"

namespace pgsluice {

// Both have to outlive the server that listens with them.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    const CertificateStore& store, config::v1::ClientCertificates clients);

}  // namespace pgsluice

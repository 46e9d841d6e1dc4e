#include "server/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

namespace {

grpc_ssl_client_certificate_request_type RequestTypeOf(
    config::v1::ClientCertificates clients) {
  switch (clients) {
    case config::v1::CLIENT_CERTIFICATES_OPTIONAL:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case config::v1::CLIENT_CERTIFICATES_REQUIRED:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    default: return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  }
}

// gRPC asks at each handshake; decision 30 says why not by gRPC's own watcher of files.
class StoreCredentials final : public grpc::ServerCredentials {
 public:
  StoreCredentials(const CertificateStore& store,
                   grpc_ssl_client_certificate_request_type clients)
      : store_(store),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                clients, &Fetch, this))) {}
  ~StoreCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<StoreCredentials*>(self)->FetchNewer(config);
  }

  grpc_ssl_certificate_config_reload_status FetchNewer(
      grpc_ssl_server_certificate_config** config) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<const ServerCertificate> now = store_.current();
    {
      absl::MutexLock lock(&mutex_);
      if (now == served_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
      served_ = now;
    }
    const CertificateTexts& texts = now->texts;
    const grpc_ssl_pem_key_cert_pair pair{texts.key.c_str(), texts.chain.c_str()};
    // gRPC ends the process without any; nobody is held against these, since nobody is
    // asked for a certificate then.
    const std::string& cas = texts.client_cas.empty() ? texts.chain : texts.client_cas;
    *config = grpc_ssl_server_certificate_config_create(cas.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  const CertificateStore& store_;
  absl::Mutex mutex_;
  std::shared_ptr<const ServerCertificate> served_ ABSL_GUARDED_BY(mutex_);
  grpc_server_credentials* const credentials_;  // Last: it may fetch at once.
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    const CertificateStore& store, config::v1::ClientCertificates clients) {
  return std::make_shared<StoreCredentials>(store, RequestTypeOf(clients));
}

}  // namespace pgsluice

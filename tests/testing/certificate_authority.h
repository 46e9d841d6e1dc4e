// A CA of the tests, made with the openssl command, and the certificates that it signs.
#pragma once

#include <grpcpp/security/credentials.h>
#include <memory>
#include <string>

namespace pgsluice::testing {

// Paths of PEM files.
struct KeyPair {
  std::string cert;
  std::string key;
};

// A failure fails the test.
class CertificateAuthority final {
 public:
  // Its files are in the folder `dir` and begin with `name`.
  CertificateAuthority(std::string dir, std::string name);

  std::string ca_file() const;
  // `names` as in "IP:127.0.0.1,DNS:db"; `common_name` where PostgreSQL looks for a user.
  KeyPair Issue(const std::string& stem, const std::string& names, int days = 2,
                const std::string& common_name = "test") const;

 private:
  const std::string stem_;
};

// For a client that trusts the CA in `ca_file` and shows `own`; none: an empty one.
std::shared_ptr<grpc::ChannelCredentials> ClientTls(const std::string& ca_file,
                                                    const KeyPair& own = {});

}  // namespace pgsluice::testing

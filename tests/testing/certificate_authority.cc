#include "tests/testing/certificate_authority.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/testing/process.h"

namespace pgsluice::testing {
namespace {

// The system's own configuration would add extensions.
constexpr char kConfiguration[] = "[req]\ndistinguished_name = dn\n[dn]\n";

std::string MakeCommand(const std::string& config, const std::string& common_name,
                        int days, const KeyPair& made) {
  return absl::StrCat("openssl req -x509 -config ", config, " -newkey ec -pkeyopt ",
                      "ec_paramgen_curve:P-256 -nodes -days ", days,
                      " -subj /CN=", common_name, " -keyout ", made.key, " -out ",
                      made.cert);
}

void Run(const std::string& command) {
  EXPECT_EQ(std::system((command + " 2>/dev/null").c_str()), 0) << command;
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string dir, std::string name)
    : stem_(absl::StrCat(dir, "/", name)) {
  std::ofstream(stem_ + ".cnf") << kConfiguration;
  Run(absl::StrCat(
      MakeCommand(stem_ + ".cnf", name, 30, {ca_file(), stem_ + ".key"}),
      " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign"));
}

std::string CertificateAuthority::ca_file() const { return stem_ + ".crt"; }

KeyPair CertificateAuthority::Issue(const std::string& stem, const std::string& names,
                                    int days, const std::string& common_name) const {
  const KeyPair made{absl::StrCat(stem_, "-", stem, ".crt"),
                     absl::StrCat(stem_, "-", stem, ".key")};
  std::string command = absl::StrCat(MakeCommand(stem_ + ".cnf", common_name, days, made),
                                     " -CA ", ca_file(), " -CAkey ", stem_,
                                     ".key -addext basicConstraints=critical,CA:FALSE");
  if (!names.empty()) absl::StrAppend(&command, " -addext subjectAltName=", names);
  Run(command);
  return made;
}

std::shared_ptr<grpc::ChannelCredentials> ClientTls(const std::string& ca_file,
                                                    const KeyPair& own) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(ca_file);
  if (!own.cert.empty()) {
    options.pem_cert_chain = ReadFile(own.cert);
    options.pem_private_key = ReadFile(own.key);
  }
  return grpc::SslCredentials(options);
}

}  // namespace pgsluice::testing

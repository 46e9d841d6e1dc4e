#include "pgsluice/client/tls.h"

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace pgsluice::client {
namespace {

absl::Status ReadInto(const std::string& path, std::string& text) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file.good() && !file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " cannot be read"));
  }
  if (text.find("-----BEGIN") == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a PEM file"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsCredentials(
    const TlsFiles& files) {
  if (files.cert_file.empty() != files.key_file.empty()) {
    return absl::InvalidArgumentError("a certificate and its key go together");
  }
  grpc::SslCredentialsOptions options;
  absl::Status read = ReadInto(files.ca_file, options.pem_root_certs);
  read.Update(ReadInto(files.cert_file, options.pem_cert_chain));
  read.Update(ReadInto(files.key_file, options.pem_private_key));
  if (!read.ok()) return read;
  return grpc::SslCredentials(options);
}

}  // namespace pgsluice::client

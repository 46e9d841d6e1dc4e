#include "client/cpp/cli/security.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "pgsluice/client/tls.h"

namespace pgsluice::cli {
namespace {

constexpr char kSystemCas[] = "system";
constexpr char kTokenVariable[] = "PGSLUICE_TOKEN";

absl::StatusOr<std::string> TokenOf(const ConnectionOptions& connection) {
  if (connection.token_file.empty()) {
    const char* token = std::getenv(kTokenVariable);
    return token == nullptr ? std::string() : std::string(token);
  }
  std::ifstream file(connection.token_file, std::ios::binary);
  std::string token(std::istreambuf_iterator<char>(file), {});
  absl::StripAsciiWhitespace(&token);
  if (token.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(connection.token_file, " cannot be read, or is empty"));
  }
  return token;
}

}  // namespace

absl::Status Secure(const ConnectionOptions& connection, client::ClientOptions& options) {
  absl::StatusOr<std::string> token = TokenOf(connection);
  if (!token.ok()) return token.status();
  options.token = *std::move(token);
  const bool has_files = !connection.ca_file.empty() || !connection.cert_file.empty() ||
                         !connection.key_file.empty();
  if (!has_files || connection.plaintext) return absl::OkStatus();
  client::TlsFiles files{.ca_file = connection.ca_file,
                         .cert_file = connection.cert_file,
                         .key_file = connection.key_file};
  if (files.ca_file == kSystemCas) files.ca_file.clear();
  auto credentials = client::TlsCredentials(files);
  if (!credentials.ok()) return credentials.status();
  options.credentials = *std::move(credentials);
  return absl::OkStatus();
}

}  // namespace pgsluice::cli

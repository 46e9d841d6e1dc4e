// The certificate that the main port shows, with its key and the CAs of its clients: read
// from PEM texts and checked as gRPC will want it. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pgsluice {

// What the files hold.
struct CertificateTexts {
  std::string chain;       // The certificate, then those between it and its CA.
  std::string key;         // Without a passphrase.
  std::string client_cas;  // Empty: clients are not asked for certificates.

  bool operator==(const CertificateTexts&) const = default;
};

struct ServerCertificate {
  CertificateTexts texts;
  absl::Time expires;
};

// The error is a clause that says what is wrong and holds nothing of the key: it cannot
// be read, key and certificate do not belong together, it is not valid at `now`.
absl::StatusOr<ServerCertificate> CheckCertificate(CertificateTexts texts,
                                                   absl::Time now);

}  // namespace pgsluice

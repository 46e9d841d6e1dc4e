// The main port's certificate as its files hold it, followed while they change; what is
// bad does not replace what is good. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/server_certificate.h"

namespace pgsluice {

struct CertificateFiles {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;  // Empty: none.
  // Before it expires; zero: no warning.
  absl::Duration expiry_warning;
};

class CertificateStore final {
 public:
  // What the files hold now; the error says what is wrong with them.
  static absl::StatusOr<std::unique_ptr<CertificateStore>> Load(CertificateFiles files,
                                                                absl::Time now);
  CertificateStore(const CertificateStore&) = delete;
  CertificateStore& operator=(const CertificateStore&) = delete;

  // Reads the files again, and logs what there is to tell. On one thread.
  void Look(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Shared by handshakes under way.
  std::shared_ptr<const ServerCertificate> current() const ABSL_LOCKS_EXCLUDED(mutex_);
  // What is wrong with the files, so that current() is older; empty when nothing is.
  std::string problem() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  CertificateStore(CertificateFiles files, ServerCertificate first);
  void TellProblem(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void WarnOfExpiry(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  const CertificateFiles files_;
  // The looking thread's.
  CertificateTexts seen_;
  std::string suspicion_;  // A problem seen once: the files may be being replaced.
  absl::Time last_warning_ = absl::InfinitePast();

  mutable absl::Mutex mutex_;
  std::shared_ptr<const ServerCertificate> current_ ABSL_GUARDED_BY(mutex_);
  std::string problem_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice

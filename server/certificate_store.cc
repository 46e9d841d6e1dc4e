#include "server/certificate_store.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/config/read_file.h"
#include "server/log.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kBetweenWarnings = absl::Hours(24);

absl::StatusOr<std::string> ReadNamed(const std::string& path, std::string_view name) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (text.ok()) return text;
  return absl::InvalidArgumentError(
      StrCat(name, " ", std::string(text.status().message())));
}

absl::StatusOr<CertificateTexts> ReadTexts(const CertificateFiles& files) {
  absl::StatusOr<std::string> chain = ReadNamed(files.cert_file, "cert_file");
  if (!chain.ok()) return chain.status();
  absl::StatusOr<std::string> key = ReadNamed(files.key_file, "key_file");
  if (!key.ok()) return key.status();
  CertificateTexts texts{
      .chain = *std::move(chain), .key = *std::move(key), .client_cas = {}};
  if (files.client_ca_file.empty()) return texts;
  absl::StatusOr<std::string> cas = ReadNamed(files.client_ca_file, "client_ca_file");
  if (!cas.ok()) return cas.status();
  if (cas->empty()) return absl::InvalidArgumentError("client_ca_file is empty");
  texts.client_cas = *std::move(cas);
  return texts;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime(time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::unique_ptr<CertificateStore>> CertificateStore::Load(
    CertificateFiles files, absl::Time now) {
  absl::StatusOr<CertificateTexts> texts = ReadTexts(files);
  if (!texts.ok()) return texts.status();
  absl::StatusOr<ServerCertificate> first = CheckCertificate(*std::move(texts), now);
  if (!first.ok()) return first.status();
  return std::unique_ptr<CertificateStore>(
      new CertificateStore(std::move(files), *std::move(first)));
}

CertificateStore::CertificateStore(CertificateFiles files, ServerCertificate first)
    : files_(std::move(files)),
      seen_(first.texts),
      current_(std::make_shared<const ServerCertificate>(std::move(first))) {}

void CertificateStore::Look(absl::Time now) {
  absl::StatusOr<CertificateTexts> texts = ReadTexts(files_);
  const bool is_known = texts.ok() && *texts == seen_ && suspicion_.empty();
  if (!is_known) {
    absl::Status status = texts.status();
    absl::StatusOr<ServerCertificate> next =
        texts.ok() ? CheckCertificate(*texts, now) : status;
    if (next.ok()) {
      const bool is_new = next->texts != seen_;
      seen_ = next->texts;
      suspicion_.clear();
      const absl::Time expires = next->expires;
      {
        absl::MutexLock lock(&mutex_);
        problem_.clear();
        if (is_new) {
          current_ = std::make_shared<const ServerCertificate>(*std::move(next));
        }
      }
      if (is_new) {
        last_warning_ = absl::InfinitePast();
        Log(LogLevel::kInfo, "new certificate",
            {{"file", files_.cert_file}, {"expires", TimeText(expires)}});
      }
    } else {
      TellProblem(next.status());
    }
  }
  WarnOfExpiry(now);
}

// Whoever replaces two files does it one after the other: only what lasts is told.
void CertificateStore::TellProblem(const absl::Status& status) {
  const std::string problem(status.message());
  if (std::exchange(suspicion_, problem) != problem) return;
  {
    absl::MutexLock lock(&mutex_);
    if (problem_ == problem) return;
    problem_ = problem;
  }
  Log(LogLevel::kError, "the new certificate is no good; the one before stays in use",
      {{"why", problem}, {"cert_file", files_.cert_file}, {"key_file", files_.key_file}});
}

void CertificateStore::WarnOfExpiry(absl::Time now) {
  const absl::Time expires = current()->expires;
  if (files_.expiry_warning <= absl::ZeroDuration()) return;
  if (now < expires - files_.expiry_warning) return;
  if (now < last_warning_ + kBetweenWarnings) return;
  last_warning_ = now;
  const bool is_over = expires <= now;
  Log(is_over ? LogLevel::kError : LogLevel::kWarning,
      is_over ? "the certificate has expired" : "the certificate expires soon",
      {{"file", files_.cert_file},
       {"expires", TimeText(expires)},
       {"in_hours", absl::ToDoubleHours(expires - now)}});
}

std::shared_ptr<const ServerCertificate> CertificateStore::current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

std::string CertificateStore::problem() const {
  absl::MutexLock lock(&mutex_);
  return problem_;
}

}  // namespace pgsluice

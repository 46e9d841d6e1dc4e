#include "server/server_certificate.h"

#include <ctime>
#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <utility>
#include <vector>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* owned) const {
    Free(owned);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;

absl::Status Bad(std::string_view what) {
  return absl::InvalidArgumentError(StrCat(what));
}

// OpenSSL's last word, which names functions and reasons, not contents.
absl::Status BadBy(std::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Bad(StrCat(what, reason == nullptr ? "" : StrCat(" (", reason, ")")));
}

Bio Open(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

// All certificates of the text, at least one.
absl::StatusOr<std::vector<Certificate>> ReadCertificates(const std::string& text,
                                                          std::string_view file) {
  ERR_clear_error();
  const Bio bio = Open(text);
  std::vector<Certificate> found;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, &NoPassphrase, nullptr)) {
    found.emplace_back(one);
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_at_end) return BadBy(StrCat(file, " holds a broken certificate"));
  ERR_clear_error();
  if (found.empty()) return Bad(StrCat(file, " holds no PEM certificate"));
  return found;
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return BadBy("cert_file has an odd date");
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// As gRPC does it, so that it refuses nothing that passes here: sizes and algorithms too
// weak for the system's OpenSSL, say.
absl::Status CheckTogether(X509& certificate, EVP_PKEY& key) {
  const Context context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return BadBy("OpenSSL has no TLS");
  if (SSL_CTX_use_certificate(context.get(), &certificate) != 1) {
    return BadBy("cert_file's certificate is not acceptable");
  }
  if (X509_check_private_key(&certificate, &key) != 1) {
    ERR_clear_error();
    return Bad("key_file's key is not that of cert_file's certificate");
  }
  if (SSL_CTX_use_PrivateKey(context.get(), &key) != 1) {
    return BadBy("key_file's key is not acceptable");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerCertificate> CheckCertificate(CertificateTexts texts,
                                                   absl::Time now) {
  const auto chain = ReadCertificates(texts.chain, "cert_file");
  if (!chain.ok()) return chain.status();
  if (!texts.client_cas.empty()) {
    const auto cas = ReadCertificates(texts.client_cas, "client_ca_file");
    if (!cas.ok()) return cas.status();
  }
  const Bio key_text = Open(texts.key);
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) {
    return BadBy("key_file holds no PEM private key without a passphrase");
  }
  X509& leaf = *chain->front();
  absl::Status together = CheckTogether(leaf, *key);
  if (!together.ok()) return together;
  const absl::StatusOr<absl::Time> begins = ToTime(X509_get0_notBefore(&leaf));
  if (!begins.ok()) return begins.status();
  const absl::StatusOr<absl::Time> expires = ToTime(X509_get0_notAfter(&leaf));
  if (!expires.ok()) return expires.status();
  if (*expires <= now) {
    return Bad(StrCat("cert_file's certificate has expired, on ",
                      absl::FormatTime(*expires, absl::UTCTimeZone())));
  }
  if (*begins > now) {
    return Bad(StrCat("cert_file's certificate is not valid before ",
                      absl::FormatTime(*begins, absl::UTCTimeZone())));
  }
  return ServerCertificate{.texts = std::move(texts), .expires = *expires};
}

}  // namespace pgsluice

#include "pool/write_token.h"

namespace pgsluice {

namespace {

constexpr uint8_t kVersion = 1;
constexpr int kChecksumBytes = 3;
constexpr size_t kPayloadBytes = kTokenBytes - kChecksumBytes;

void Put(std::string& out, uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> shift & 0xff));
  }
}

uint64_t Take(std::string_view& bytes, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    number = number << 8 | static_cast<uint8_t>(bytes[i]);
  }
  bytes.remove_prefix(count);
  return number;
}

// FNV-1a, folded: against slips, not against forgery, which would gain nothing.
uint64_t ChecksumOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  return (hash ^ hash >> 24 ^ hash >> 48) & 0xffffff;
}

}  // namespace

std::string EncodeToken(const WriteToken& token) {
  std::string bytes;
  bytes.reserve(kTokenBytes);
  Put(bytes, kVersion, 1);
  Put(bytes, token.system_identifier, 8);
  Put(bytes, token.position.timeline, 4);
  Put(bytes, token.position.lsn, 8);
  Put(bytes, ChecksumOf(bytes), kChecksumBytes);
  return bytes;
}

std::optional<WriteToken> DecodeToken(std::string_view bytes) {
  if (bytes.size() != kTokenBytes) return std::nullopt;
  const uint64_t checksum = ChecksumOf(bytes.substr(0, kPayloadBytes));
  if (Take(bytes, 1) != kVersion) return std::nullopt;
  WriteToken token;
  token.system_identifier = Take(bytes, 8);
  token.position.timeline = static_cast<uint32_t>(Take(bytes, 4));
  token.position.lsn = Take(bytes, 8);
  if (Take(bytes, kChecksumBytes) != checksum) return std::nullopt;
  // PostgreSQL counts both from 1.
  const bool is_somewhere = token.position.timeline > 0 && token.position.lsn > 0;
  return is_somewhere ? std::optional(token) : std::nullopt;
}

}  // namespace pgsluice

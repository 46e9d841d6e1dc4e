#include "pool/pg/cancel_key.h"

#include <charconv>

namespace pgsluice {

namespace {

constexpr std::string_view kKeyMessage = "\tBackendKeyData\t";
// The message for keys of our protocol version is shorter; others need not be kept.
constexpr size_t kLongestLine = 80;

void Wipe(std::string& text) {
  volatile char* byte = text.data();
  for (size_t i = 0; i < text.size(); ++i) byte[i] = '\0';
  text.clear();
}

}  // namespace

std::optional<CancelKey> CancelKeyOfTrace(std::string_view line) {
  // "B", length, name of the message, pid, secret.
  const size_t name = line.find(kKeyMessage);
  if (name == std::string_view::npos || !line.starts_with("B\t")) return std::nullopt;
  std::string_view fields = line.substr(name + kKeyMessage.size());
  CancelKey key;
  for (int32_t* number : {&key.pid, &key.secret}) {
    if (fields.empty() || fields.front() != ' ') return std::nullopt;
    const char* const end = fields.data() + fields.size();
    const auto parsed = std::from_chars(fields.data() + 1, end, *number);
    if (parsed.ec != std::errc()) return std::nullopt;
    fields = std::string_view(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
  }
  return fields.empty() ? std::optional(key) : std::nullopt;
}

CancelKeyReader::CancelKeyReader(PGconn* connection) : connection_(connection) {
  line_.reserve(kLongestLine + 1);
  trace_ = fopencookie(
      this, "w", {.read = nullptr, .write = &OnTrace, .seek = nullptr, .close = nullptr});
  if (trace_ == nullptr) return;
  setvbuf(trace_, nullptr, _IONBF, 0);
  PQtrace(connection_, trace_);
  PQsetTraceFlags(connection_, PQTRACE_SUPPRESS_TIMESTAMPS);
}

CancelKeyReader::~CancelKeyReader() {
  if (trace_ == nullptr) return;
  PQuntrace(connection_);
  fclose(trace_);
  Wipe(line_);
}

std::optional<CancelKey> CancelKeyReader::key() const {
  if (!key_.has_value() || key_->pid != PQbackendPID(connection_)) return std::nullopt;
  return key_;
}

ssize_t CancelKeyReader::OnTrace(void* self, const char* text, size_t size) {
  auto& reader = *static_cast<CancelKeyReader*>(self);
  for (const char c : std::string_view(text, size)) {
    if (c != '\n') {
      if (reader.line_.size() < kLongestLine) reader.line_.push_back(c);
      continue;
    }
    if (const auto key = CancelKeyOfTrace(reader.line_)) reader.key_ = key;
    Wipe(reader.line_);
  }
  return static_cast<ssize_t>(size);
}

}  // namespace pgsluice

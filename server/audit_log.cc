#include "server/audit_log.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"

#include "pool/str_cat.h"
#include "server/log.h"

namespace pgsluice {

namespace {

// Between lines that tell of dropped ones.
constexpr absl::Duration kBetweenComplaints = absl::Seconds(1);
// Written at a time.
constexpr size_t kChunkBytes = 64 * 1024;

absl::Status Failed(const std::string& path, std::string_view what) {
  return absl::InvalidArgumentError(StrCat(path, ": ", what));
}

// Does not wait, whatever the path is. A descriptor of the caller's.
absl::StatusOr<int> Open(const std::string& path) {
  if (path.empty()) {
    const int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return Failed("standard error", std::strerror(errno));
    return copy;
  }
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
  constexpr mode_t kMode = S_IRUSR | S_IWUSR;
  const int file = open(path.c_str(), kFlags, kMode);
  if (file < 0) return Failed(path, std::strerror(errno));
  struct stat facts{};
  if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) return file;
  close(file);
  return Failed(path, "is no regular file");
}

// How many bytes were taken.
size_t WriteAll(int file, const std::string& text) {
  size_t taken = 0;
  while (taken < text.size()) {
    const ssize_t now = write(file, text.data() + taken, text.size() - taken);
    if (now < 0 && errno == EINTR) continue;
    if (now <= 0) break;
    taken += static_cast<size_t>(now);
  }
  return taken;
}

}  // namespace

AuditLog::~AuditLog() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status AuditLog::Configure(const AuditOptions& options) {
  if (!options.is_on) {
    is_on_ = false;  // What is queued is written all the same.
    return absl::OkStatus();
  }
  const absl::StatusOr<int> file = Open(options.file);
  if (!file.ok()) return file.status();
  int unused = -1;
  {
    absl::MutexLock lock(&mutex_);
    max_queue_bytes_ = options.max_queue_bytes;
    unused = std::exchange(next_file_, *file);
  }
  if (unused >= 0) close(unused);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  is_on_ = true;
  return absl::OkStatus();
}

void AuditLog::Write(std::string line) {
  line.push_back('\n');
  absl::MutexLock lock(&mutex_);
  if (queued_bytes_ + line.size() > max_queue_bytes_) {
    ++dropped_;
    return;
  }
  queued_bytes_ += line.size();
  queue_.push_back(std::move(line));
}

void AuditLog::Run() {
  int file = -1;
  bool is_torn = false;
  bool is_last = false;
  while (!is_last) {
    std::vector<std::string> lines;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !queue_.empty() || next_file_ >= 0 || is_stopping_;
      };
      mutex_.AwaitWithTimeout(absl::Condition(&has_work), kBetweenComplaints);
      lines.swap(queue_);
      queued_bytes_ = 0;
      is_last = is_stopping_;
      if (next_file_ >= 0) {
        if (file >= 0) close(file);
        file = std::exchange(next_file_, -1);
        is_torn = false;
      }
    }
    if (!lines.empty()) WriteOut(lines, file, is_torn);
    TellOfDropped(is_last);
  }
  if (file >= 0) close(file);
}

// What was taken of a chunk says which of its lines are there as a whole.
void AuditLog::WriteOut(const std::vector<std::string>& lines, int file, bool& is_torn) {
  size_t next = 0;
  while (next < lines.size()) {
    std::string text = is_torn ? "\n" : "";
    size_t whole = text.size();
    size_t last = next;
    while (last < lines.size() &&
           (last == next || text.size() + lines[last].size() <= kChunkBytes)) {
      text += lines[last++];
    }
    const size_t taken = WriteAll(file, text);
    if (taken < text.size()) problem_ = std::strerror(errno);
    while (next < last && whole + lines[next].size() <= taken) {
      whole += lines[next++].size();
      ++written_;
    }
    if (taken > 0) is_torn = taken > whole;
    dropped_ += last - next;
    next = last;
  }
}

void AuditLog::TellOfDropped(bool is_last) {
  const uint64_t dropped = dropped_;
  const absl::Time now = absl::Now();
  const bool is_too_early = now < last_told_ + kBetweenComplaints && !is_last;
  if (dropped == told_ || is_too_early) return;
  last_told_ = now;
  static constexpr std::string_view kFull = "they came faster than they could be written";
  Log(LogLevel::kError, "audit lines were dropped",
      {{"lines", dropped - told_},
       {"in_all", dropped},
       {"why", problem_.empty() ? std::string(kFull) : problem_}});
  told_ = dropped;
  problem_.clear();
}

}  // namespace pgsluice

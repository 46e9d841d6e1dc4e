#include "server/config/read_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace pgsluice {

namespace {

constexpr size_t kMostBytes = 1 << 20;
constexpr size_t kChunkBytes = 4096;

absl::Status CannotRead(int error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot be read: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  // A FIFO without a writer must not hang the start.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(errno);
  const absl::Cleanup close_file = [fd] { close(fd); };
  std::string text;
  char chunk[kChunkBytes];
  while (true) {
    const ssize_t count = read(fd, chunk, sizeof(chunk));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(errno);
    if (count == 0) return text;
    text.append(chunk, static_cast<size_t>(count));
    if (text.size() > kMostBytes) {
      return absl::InvalidArgumentError("cannot be read: larger than 1 MiB");
    }
  }
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r'))
    text->pop_back();
  if (text->empty()) return absl::InvalidArgumentError("is empty");
  return text;
}

}  // namespace pgsluice

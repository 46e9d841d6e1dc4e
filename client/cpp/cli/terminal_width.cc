#include "client/cpp/cli/terminal_width.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace pgsluice::cli {
namespace {

constexpr int kUsualWidth = 80;

}  // namespace

int TerminalWidth() {
  if (isatty(STDOUT_FILENO) == 0) return 0;
  winsize size = {};
  const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUsualWidth;
}

}  // namespace pgsluice::cli

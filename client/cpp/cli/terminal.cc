#include "client/cpp/cli/terminal.h"

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pgsluice::cli {
namespace {

constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l";
constexpr char kLeave[] = "\x1b[0m\x1b[?25h\x1b[?1049l";
// Terminals that know it show all of an update at once; others ignore it.
constexpr char kBeginUpdate[] = "\x1b[?2026h\x1b[H";
constexpr char kEndUpdate[] = "\x1b[J\x1b[?2026l";
constexpr char kClearToEndOfLine[] = "\x1b[K";
constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};

// Of the one Terminal: what handlers, on whatever thread, may touch.
volatile std::sig_atomic_t quit_requested = 0;
volatile std::sig_atomic_t resized = 0;
volatile int signal_counter = -1;  // An eventfd, so that a wait ends.

void OnSignal(int signal_number) {
  const int error = errno;
  if (signal_number == SIGWINCH) {
    resized = 1;
  } else {
    quit_requested = 1;
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(signal_counter, &one, sizeof(one));
  errno = error;
}

void Handle(int signal_number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal_number, &action, nullptr);
}

void WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // Nobody looks any more.
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

bool IsLiveTerminal() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && kind != nullptr && std::strcmp(kind, "dumb") != 0;
}

bool WantsColor() {
  const char* const no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

bool IsUtf8Locale() {
  const locale_t locale = newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return false;
  const bool is_utf8 = std::strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
  freelocale(locale);
  return is_utf8;
}

Terminal::Terminal() {
  signal_counter = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  for (const int signal_number : kSignals) Handle(signal_number, OnSignal);
  termios now;
  has_keys_ = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &now) == 0;
  if (has_keys_) {
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    now.c_cc[VSUSP] = _POSIX_VDISABLE;  // The shell would get our screen.
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  WriteAll(kEnter);
}

Terminal::~Terminal() {
  WriteAll(kLeave);
  if (before_.has_value()) tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
  for (const int signal_number : kSignals) Handle(signal_number, SIG_DFL);
  close(signal_counter);
}

TerminalSize Terminal::size() const {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Terminal::Show(const std::vector<std::string>& lines) {
  std::string screen = kBeginUpdate;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) screen += "\r\n";
    screen += lines[i] + kClearToEndOfLine;
  }
  screen += kEndUpdate;
  WriteAll(screen);
}

Terminal::Event Terminal::WaitFor(int descriptor, int timeout_ms) {
  std::array<pollfd, 3> polled = {{{descriptor, POLLIN, 0},
                                   {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0},
                                   {signal_counter, POLLIN, 0}}};
  const int ready = poll(polled.data(), polled.size(), timeout_ms);
  uint64_t signals = 0;
  [[maybe_unused]] const ssize_t got = read(signal_counter, &signals, sizeof(signals));
  if (quit_requested != 0) return Event::kQuit;
  if (resized != 0) {
    resized = 0;
    return Event::kResized;
  }
  if (ready <= 0) return Event::kTimeout;
  if (polled[1].revents != 0 && IsQuitKeyPressed()) return Event::kQuit;
  return polled[0].revents != 0 ? Event::kReadable : Event::kTimeout;
}

bool Terminal::IsQuitKeyPressed() {
  char key = 0;
  const ssize_t got = read(STDIN_FILENO, &key, 1);
  if (got <= 0) has_keys_ = false;
  return got == 1 && (key == 'q' || key == 'Q');
}

}  // namespace pgsluice::cli

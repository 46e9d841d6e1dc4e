// The terminal, borrowed for a live view: its alternate screen, without cursor and echo.
// Gives it back as it was, also when the process is told to end.
#pragma once

#include <optional>
#include <string>
#include <termios.h>
#include <vector>

namespace pgsluice::cli {

struct TerminalSize {
  int width = 80;
  int height = 24;
};

// Whether standard output is one that takes escape sequences.
bool IsLiveTerminal();
// As NO_COLOR (no-color.org) and TERM ask for.
bool WantsColor();
// Whether the locale's characters are UTF-8.
bool IsUtf8Locale();

// One at a time.
class Terminal final {
 public:
  // What ended a wait.
  enum class Event {
    kTimeout,
    kReadable,  // The descriptor that was waited for.
    kResized,
    kQuit,  // Ctrl-C, SIGTERM, SIGHUP, or the key q.
  };

  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  TerminalSize size() const;
  // Replaces what is shown, without flicker. A line must not be wider than the terminal.
  void Show(const std::vector<std::string>& lines);
  Event WaitFor(int descriptor, int timeout_ms);

 private:
  bool IsQuitKeyPressed();

  bool has_keys_ = false;  // Standard input is the terminal, too.
  std::optional<termios> before_;
};

}  // namespace pgsluice::cli

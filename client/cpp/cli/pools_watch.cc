#include "client/cpp/cli/pools_watch.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "absl/time/clock.h"

#include "client/cpp/cli/error_report.h"
#include "client/cpp/cli/message_json.h"
#include "client/cpp/cli/pools_feed.h"
#include "client/cpp/cli/pools_lines.h"
#include "client/cpp/cli/pools_view.h"
#include "client/cpp/cli/terminal.h"

namespace pgsluice::cli {
namespace {

// The clock on the screen, and the age of what is shown, go on without messages.
constexpr int kRedrawMs = 1000;
// Samples for the left part of the view: more than a terminal is wide.
constexpr uint32_t kViewHistory = 240;

ExitCode Fail(const absl::Status& failure) {
  std::fputs(ErrorReport(failure, "").c_str(), stderr);
  return ExitCodeFor(failure);
}

// Whether to give up: the answer will not change, or nothing was ever there.
bool IsFinal(const absl::Status& status, bool has_answered) {
  return !has_answered || !IsPassing(status);
}

ExitCode WatchAsLines(PoolsFeed& feed, const ConnectionOptions& connection, bool json) {
  bool has_answered = false;
  bool is_lost = false;
  while (true) {
    const PoolsFeed::Event event = feed.Wait();
    const std::string clock = ClockText(absl::Now());
    if (const auto* status = std::get_if<absl::Status>(&event)) {
      if (IsFinal(*status, has_answered)) return Fail(*status);
      if (!is_lost) {
        std::fprintf(stderr, "%s %s is gone (%s); trying again\n", clock.c_str(),
                     connection.address.c_str(), std::string(status->message()).c_str());
      }
      is_lost = true;
      continue;
    }
    const auto& message = std::get<v1::WatchPoolStatsResponse>(event);
    if (is_lost) {
      std::fprintf(stderr, "%s %s is back\n", clock.c_str(), connection.address.c_str());
    }
    has_answered = true;
    is_lost = false;
    std::string text = PoolsLines(message, absl::Now());
    if (json) {
      absl::StatusOr<std::string> as_json = MessageJson(message, JsonLayout::kOneLine);
      if (!as_json.ok()) return Fail(as_json.status());
      text = *std::move(as_json);
    }
    std::fputs(text.c_str(), stdout);
    // Whoever read it is gone.
    if (std::fflush(stdout) != 0) return ExitCode::kOk;
  }
}

ExitCode WatchOnScreen(PoolsFeed& feed, const ConnectionOptions& connection,
                       absl::Duration interval) {
  PoolsView view(connection.address, interval);
  const Glyphs glyphs = IsUtf8Locale() ? Glyphs::kUtf8 : Glyphs::kAscii;
  const bool has_color = WantsColor();
  // Before the screen is taken: there may be nothing to show.
  PoolsFeed::Event first = feed.Wait();
  if (const auto* status = std::get_if<absl::Status>(&first)) return Fail(*status);
  view.Add(std::get<v1::WatchPoolStatsResponse>(first), absl::Now());

  absl::Status failure;
  {
    Terminal terminal;
    Terminal::Event event = Terminal::Event::kReadable;
    while (event != Terminal::Event::kQuit && failure.ok()) {
      while (std::optional<PoolsFeed::Event> news = feed.Take()) {
        if (const auto* status = std::get_if<absl::Status>(&*news)) {
          view.Lost(std::string(status->message()), absl::Now());
          if (!IsPassing(*status)) failure = *status;
        } else {
          view.Add(std::get<v1::WatchPoolStatsResponse>(*news), absl::Now());
        }
      }
      const TerminalSize size = terminal.size();
      terminal.Show(view.Render({.width = size.width,
                                 .height = size.height,
                                 .has_color = has_color,
                                 .glyphs = glyphs},
                                absl::Now()));
      event = terminal.WaitFor(feed.descriptor(), kRedrawMs);
    }
  }
  return failure.ok() ? ExitCode::kOk : Fail(failure);
}

}  // namespace

ExitCode WatchPools(const client::Client& client, const ConnectionOptions& connection,
                    const PoolsCommandOptions& options) {
  const bool is_live = !options.json && IsLiveTerminal();
  PoolsFeed feed(client, {.interval = options.interval,
                          .history = is_live ? std::max(kViewHistory, options.history)
                                             : options.history});
  return is_live ? WatchOnScreen(feed, connection, options.interval)
                 : WatchAsLines(feed, connection, options.json);
}

}  // namespace pgsluice::cli

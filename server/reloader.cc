#include "server/reloader.h"

#include <utility>

#include "absl/time/clock.h"

#include "pool/error.h"
#include "server/log.h"

namespace pgsluice {

namespace {

constexpr size_t kMostSignals = 1000;

void LogReport(const ReloadReport& report) {
  if (!report.status.ok()) {
    Log(LogLevel::kError, "not reloaded", {{"why", report.status.message().data()}});
    return;
  }
  for (const std::string& note : report.notes) Log(LogLevel::kWarning, note);
  Log(report.needs_restart.empty() ? LogLevel::kInfo : LogLevel::kWarning, "reloaded",
      {{"applied", ChangesText(report.applied)},
       {"needs_restart", ChangesText(report.needs_restart)}});
}

}  // namespace

Reloader::Reloader(ReloaderDeps deps)
    : deps_(std::move(deps)), config_(deps_.config), hot_(deps_.hot) {
  last_.at = absl::Now();
  thread_ = std::thread([this] { Run(); });
}

Reloader::~Reloader() { Stop(); }

void Reloader::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    is_refusing_ = true;
    is_stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Reloader::Reload(OnDone done) {
  absl::MutexLock lock(&mutex_);
  // More signals than that would say nothing new; callers are bounded by admission.
  if (done == nullptr && wanted_.size() >= kMostSignals) return;
  wanted_.push_back(std::move(done));
}

Reloader::LastReload Reloader::last() const {
  absl::MutexLock lock(&mutex_);
  return last_;
}

void Reloader::ApplyAgain() {
  absl::MutexLock lock(&mutex_);
  is_apply_wanted_ = true;
}

void Reloader::Refuse() {
  absl::MutexLock lock(&mutex_);
  is_refusing_ = true;
}

void Reloader::Run() {
  while (true) {
    std::vector<OnDone> asked;
    bool is_refused = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !wanted_.empty() || is_apply_wanted_ || is_stopping_;
      };
      mutex_.Await(absl::Condition(&has_work));
      asked.swap(wanted_);
      is_refused = is_refusing_;
      is_apply_wanted_ = false;
      if (asked.empty() && is_stopping_) return;
    }
    if (asked.empty()) {
      deps_.apply(hot_);
      continue;
    }
    ReloadReport report;
    if (is_refused) {
      report.status = Draining();
    } else {
      report = LoadAndApply();
      absl::MutexLock lock(&mutex_);
      last_ = {.has_succeeded = report.status.ok(), .at = absl::Now()};
    }
    LogReport(report);
    for (const OnDone& done : asked) {
      if (done) done(report);
    }
  }
}

ReloadReport Reloader::LoadAndApply() {
  ReloadReport report;
  absl::StatusOr<LoadedConfig> loaded = LoadConfig(deps_.sources);
  if (!loaded.ok()) {
    report.status = ConfigRefused(std::string(loaded.status().message()));
    return report;
  }
  config::v1::Config next = InEffect(config_, loaded->config);
  absl::StatusOr<HotSettings> hot = HotSettingsOf(next);
  if (!hot.ok()) {
    report.status = ConfigRefused(std::string(hot.status().message()));
    return report;
  }
  report.notes = std::move(loaded->notes);
  for (SettingChange& change : DiffConfigs(config_, loaded->config)) {
    (change.is_hot ? report.applied : report.needs_restart).push_back(std::move(change));
  }
  for (SettingChange& change :
       DiffEndpoints(hot_.cluster.endpoints, hot->cluster.endpoints)) {
    report.applied.push_back(std::move(change));
  }
  config_ = std::move(next);
  hot_ = *std::move(hot);
  deps_.apply(hot_);
  return report;
}

}  // namespace pgsluice

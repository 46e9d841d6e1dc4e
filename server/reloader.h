// Loads the configuration again and has what may change at run time applied, on a thread
// of its own: files may be slow. Thread-safe.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/config_diff.h"
#include "server/config/load_config.h"
#include "server/hot_settings.h"

namespace pgsluice {

// What one reload did.
struct ReloadReport {
  absl::Status status;  // Not OK: nothing has changed.
  std::vector<SettingChange> applied;
  std::vector<SettingChange> needs_restart;
  std::vector<std::string> notes;
};

struct ReloaderDeps {
  ConfigSources sources;
  config::v1::Config config;  // In effect.
  HotSettings hot;            // Of it.
  // Cannot fail. Called on the reloader's thread, without locks.
  std::function<void(const HotSettings&)> apply;
};

class Reloader final {
 public:
  // Called on the reloader's thread.
  using OnDone = std::function<void(const ReloadReport&)>;

  explicit Reloader(ReloaderDeps deps);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;
  ~Reloader();

  // One reload at a time. All that is asked for before it begins is answered by one.
  void Reload(OnDone done) ABSL_LOCKS_EXCLUDED(mutex_);
  // Applies what is in effect once more, for what it depends on beside the configuration.
  void ApplyAgain() ABSL_LOCKS_EXCLUDED(mutex_);
  struct LastReload {
    bool has_succeeded = true;
    absl::Time at;  // When it ended.
  };
  // Before the first, that of the start, which succeeded.
  LastReload last() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The server is shutting down: no reload begins from now on.
  void Refuse() ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns when nothing is under way. Nothing begins, or is answered, from then on.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  ReloadReport LoadAndApply();

  const ReloaderDeps deps_;
  // The thread's own: in effect.
  config::v1::Config config_;
  HotSettings hot_;

  mutable absl::Mutex mutex_;
  LastReload last_ ABSL_GUARDED_BY(mutex_);
  std::vector<OnDone> wanted_ ABSL_GUARDED_BY(mutex_);
  bool is_apply_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_refusing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pgsluice

#include "pool/prober.h"

#include <algorithm>
#include <utility>

#include "pool/control/control_session.h"

namespace pgsluice {

namespace {

// Between two probes at the most while there is no primary.
constexpr absl::Duration kHastyInterval = absl::Milliseconds(50);

ControlOptions ControlOptionsOf(const ProbeOptions& options) {
  return {.connect_timeout = options.timeout,
          .statement_timeout = options.timeout,
          .users = options.users};
}

}  // namespace

Prober::Prober(ProberDeps deps) : deps_(std::move(deps)), options_(deps_.options) {}

Prober::~Prober() { Stop(); }

void Prober::Stop() {
  std::list<Watch> watches;
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
    watches.swap(watches_);
  }
  for (Watch& watch : watches) watch.session->Interrupt();
  for (Watch& watch : watches) watch.thread.join();
}

std::list<Prober::Watch> Prober::TakeEnded() {
  std::list<Watch> ended;
  absl::MutexLock lock(&mutex_);
  for (auto it = watches_.begin(); it != watches_.end();) {
    const auto here = it++;
    if (here->has_ended) ended.splice(ended.end(), watches_, here);
  }
  return ended;
}

void Prober::Follow(const std::vector<Endpoint>& endpoints) {
  for (Watch& watch : TakeEnded()) watch.thread.join();
  absl::MutexLock lock(&mutex_);
  if (is_stopping_) return;
  ++follows_;
  for (const Endpoint& endpoint : endpoints) {
    const bool is_followed =
        std::any_of(watches_.begin(), watches_.end(), [&](const Watch& watch) {
          return watch.endpoint == endpoint && !watch.has_ended;
        });
    if (is_followed) continue;
    Watch& watch = watches_.emplace_back();
    watch.endpoint = endpoint;
    watch.session = std::make_unique<ControlSession>(endpoint, deps_.read_conninfo,
                                                     ControlOptionsOf(options_));
    watch.thread = std::thread([this, &watch] { Run(watch); });
  }
}

void Prober::Reconfigure(const ProbeOptions& options) {
  absl::MutexLock lock(&mutex_);
  options_ = options;
  ++nudges_;
}

void Prober::Nudge() {
  absl::MutexLock lock(&mutex_);
  ++nudges_;
}

void Prober::SetPace(Pace pace) {
  absl::MutexLock lock(&mutex_);
  if (pace == Pace::kHasty && pace_ != pace) ++nudges_;
  pace_ = pace;
}

void Prober::Run(Watch& watch) {
  uint64_t nudges = 0;
  uint64_t follows = 0;
  while (true) {
    ProbeOptions options;
    {
      absl::MutexLock lock(&mutex_);
      if (is_stopping_) return;
      nudges = nudges_;
      follows = follows_;
      options = options_;
    }
    watch.session->SetOptions(ControlOptionsOf(options));
    if (deps_.is_suspect && deps_.is_suspect(watch.endpoint)) watch.session->Disconnect();
    const bool is_wanted = deps_.on_result(watch.endpoint, watch.session->Probe());

    absl::MutexLock lock(&mutex_);
    if (!is_wanted && follows == follows_) {
      watch.has_ended = true;  // Unless it is wanted again, since it was asked.
      break;
    }
    const auto is_due = [this, nudges]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return is_stopping_ || nudges_ != nudges;
    };
    const absl::Duration pause = pace_ == Pace::kHasty
                                     ? std::min(options_.interval, kHastyInterval)
                                     : options_.interval;
    mutex_.AwaitWithTimeout(absl::Condition(&is_due), pause);
    if (is_stopping_) return;
  }
  watch.session->Disconnect();
}

}  // namespace pgsluice

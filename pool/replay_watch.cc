#include "pool/replay_watch.h"

#include <algorithm>
#include <utility>

#include "pool/replay_pace.h"

namespace pgsluice {

namespace {

// A session for questions is kept that long after the last one.
constexpr absl::Duration kLinger = absl::Seconds(30);

}  // namespace

ReplayWatch::ReplayWatch(GaugeFactory make_gauge) : make_gauge_(std::move(make_gauge)) {}

ReplayWatch::~ReplayWatch() {
  std::list<Follower> followers;
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
    followers.swap(followers_);
  }
  for (Follower& follower : followers) follower.gauge->Interrupt();
  for (Follower& follower : followers) follower.thread.join();
}

std::list<ReplayWatch::Follower> ReplayWatch::TakeEndedLocked() {
  std::list<Follower> ended;
  for (auto it = followers_.begin(); it != followers_.end();) {
    const auto here = it++;
    if (here->has_ended) ended.splice(ended.end(), followers_, here);
  }
  return ended;
}

void ReplayWatch::Follow(uint64_t version, std::vector<Endpoint> replicas,
                         Lineage lineage) {
  std::list<Follower> ended;
  Wakes wakes;
  {
    absl::MutexLock lock(&mutex_);
    if (is_stopping_ || version < version_) return;
    version_ = version;
    const bool is_same = replicas == replicas_ && lineage == lineage_;
    wakes = TakeWaitersLocked(is_same ? Whom::kWithoutPosition : Whom::kAll);
    if (!is_same) {
      replicas_ = std::move(replicas);
      lineage_ = std::move(lineage);
      ended = TakeEndedLocked();
      FollowLocked();
    }
  }
  for (Follower& follower : ended) follower.thread.join();
  for (const auto& wake : wakes) wake();
}

void ReplayWatch::FollowLocked() {
  for (Follower& follower : followers_) {
    follower.is_wanted = std::find(replicas_.begin(), replicas_.end(),
                                   follower.endpoint) != replicas_.end();
  }
  for (const Endpoint& replica : replicas_) {
    const bool is_followed = std::any_of(
        followers_.begin(), followers_.end(),
        [&](const Follower& one) { return one.endpoint == replica && !one.has_ended; });
    if (is_followed) continue;
    Follower& follower = followers_.emplace_back();
    follower.endpoint = replica;
    follower.gauge = make_gauge_(replica);
    follower.thread = std::thread([this, &follower] { Run(follower); });
  }
}

ReplayWatch::Wakes ReplayWatch::TakeWaitersLocked(Whom whom) {
  Wakes wakes;
  if (whom == Whom::kWithoutPosition && waiters_.size() == wishes_) return wakes;
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    const auto here = it++;
    const bool has_position = here->second.wish.position.has_value();
    if (has_position && whom == Whom::kWithoutPosition) continue;
    if (has_position) --wishes_;
    wakes.push_back(std::move(here->second.wake));
    waiters_.erase(here);
  }
  return wakes;
}

bool ReplayWatch::FulfilsLocked(const WalReading& reading, const ReplayWish& wish) const {
  return wish.position.has_value() && reading.asked_at >= wish.not_before &&
         HasReplayed(reading.position, *wish.position, lineage_);
}

uint64_t ReplayWatch::Wait(ReplayWish wish, std::function<void()> wake) {
  absl::MutexLock lock(&mutex_);
  const uint64_t id = next_id_++;
  if (wish.position.has_value()) ++wishes_;
  waiters_.emplace(id, Waiter{std::move(wish), std::move(wake)});
  return id;
}

void ReplayWatch::Cancel(uint64_t id) {
  absl::MutexLock lock(&mutex_);
  const auto waiter = waiters_.find(id);
  if (waiter == waiters_.end()) return;
  if (waiter->second.wish.position.has_value()) --wishes_;
  waiters_.erase(waiter);
}

std::optional<WalReading> ReplayWatch::Latest(const std::string& endpoint) const {
  absl::MutexLock lock(&mutex_);
  for (const Follower& follower : followers_) {
    const bool is_it = follower.endpoint.name == endpoint && follower.is_wanted;
    if (is_it && !follower.has_ended) return follower.latest;
  }
  return std::nullopt;
}

size_t ReplayWatch::waiting() const {
  absl::MutexLock lock(&mutex_);
  return waiters_.size();
}

uint64_t ReplayWatch::questions() const {
  absl::MutexLock lock(&mutex_);
  return questions_;
}

void ReplayWatch::Run(Follower& follower) {
  ReplayPace pace;
  absl::Duration pause = absl::ZeroDuration();
  while (AwaitTurn(follower, pause)) {
    const absl::StatusOr<WalReading> reading = follower.gauge->Ask();
    if (!reading.ok()) {
      (void)Take(follower, reading);
      pause = pace.OnFailure();
    } else {
      pause = Take(follower, reading) ? pace.OnProgress() : pace.OnNothingNew();
    }
  }
  follower.gauge->Rest();
  absl::MutexLock lock(&mutex_);
  follower.has_ended = true;
}

bool ReplayWatch::AwaitTurn(Follower& follower, absl::Duration pause) {
  bool is_resting = false;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto is_over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return is_stopping_ || !follower.is_wanted;
      };
      const auto is_due = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return is_stopping_ || !follower.is_wanted || wishes_ > 0;
      };
      // Who comes when nobody waits is not made to.
      if (pause > absl::ZeroDuration() && wishes_ > 0) {
        mutex_.AwaitWithTimeout(absl::Condition(&is_over), pause);
      }
      pause = absl::ZeroDuration();
      mutex_.AwaitWithTimeout(absl::Condition(&is_due),
                              is_resting ? absl::InfiniteDuration() : kLinger);
      if (is_stopping_ || !follower.is_wanted) return false;
      if (wishes_ > 0) {
        ++questions_;
        return true;
      }
    }
    follower.gauge->Rest();
    is_resting = true;
  }
}

bool ReplayWatch::Take(Follower& follower, const absl::StatusOr<WalReading>& reading) {
  Wakes wakes;
  bool is_news = false;
  {
    absl::MutexLock lock(&mutex_);
    is_news = reading.ok() && (!follower.latest.has_value() ||
                               follower.latest->position != reading->position);
    follower.latest.reset();
    if (reading.ok() && follower.is_wanted) follower.latest = *reading;
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      const auto here = it++;
      if (!follower.latest.has_value()) break;
      if (!FulfilsLocked(*follower.latest, here->second.wish)) continue;
      wakes.push_back(std::move(here->second.wake));
      waiters_.erase(here);
      --wishes_;
    }
  }
  for (const auto& wake : wakes) wake();
  return is_news;
}

}  // namespace pgsluice

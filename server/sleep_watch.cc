#include "server/sleep_watch.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace pgsluice {

namespace {

void Control(int epoll, int operation, int descriptor, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  epoll_ctl(epoll, operation, descriptor, &event);
}

}  // namespace

SleepWatch::SleepWatch()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_event_(eventfd(0, EFD_CLOEXEC)) {
  if (epoll_ < 0 || stop_event_ < 0) std::abort();  // Before anything has begun.
  Control(epoll_, EPOLL_CTL_ADD, stop_event_, EPOLLIN);
}

SleepWatch::~SleepWatch() {
  Stop();
  close(stop_event_);
  close(epoll_);
}

void SleepWatch::Add(int descriptor, std::function<void()> wake) {
  wakers_[descriptor] = std::move(wake);
  Control(epoll_, EPOLL_CTL_ADD, descriptor, 0);
}

void SleepWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

void SleepWatch::Arm(int descriptor) {
  Control(epoll_, EPOLL_CTL_MOD, descriptor, EPOLLIN | EPOLLONESHOT);
}

void SleepWatch::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // An event descriptor takes a number that small at any time.
  [[maybe_unused]] const ssize_t written = write(stop_event_, &one, sizeof(one));
  thread_.join();
}

void SleepWatch::Run() {
  std::array<epoll_event, 16> events{};
  while (true) {
    const int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == stop_event_) return;
      wakers_.at(events[i].data.fd)();
    }
  }
}

}  // namespace pgsluice

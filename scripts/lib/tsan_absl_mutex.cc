// Tells ThreadSanitizer what absl::Mutex and absl::CondVar order. The distribution's
// libabsl is not instrumented, so without this every use of a mutex looks like a race.
// Linked into the programs of the tsan build (scripts/check tsan), where these
// definitions go before the library's, and call them.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <string>

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

#define PGSLUICE_TEXT_OF(name) #name
#define PGSLUICE_TEXT(name) PGSLUICE_TEXT_OF(name)

namespace {

// The library's own function; `rest` is its mangled name behind the namespace.
template <class Function>
Function Original(const char* rest) {
  const std::string space = PGSLUICE_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string name = "_ZN4absl" + std::to_string(space.size()) + space + rest;
  void* found = dlsym(RTLD_NEXT, name.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "tsan_absl_mutex: no %s in libabsl\n", name.c_str());
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

// The library evaluates the conditions of waiters in whichever thread unlocks, where we
// cannot see that it holds the mutex.
class IgnoreConditions final {
 public:
  IgnoreConditions() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~IgnoreConditions() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto original = Original<void (*)(Mutex*)>("5Mutex4LockEv");
  original(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  static const auto original = Original<void (*)(Mutex*)>("5Mutex6UnlockEv");
  __tsan_release(this);
  const IgnoreConditions ignore;
  original(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static const auto original = Original<bool (*)(Mutex*, const Condition&, Duration)>(
      "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  __tsan_release(this);
  bool result = false;
  {
    const IgnoreConditions ignore;
    result = original(this, condition, timeout);
  }
  __tsan_acquire(this);
  return result;
}

void Mutex::Await(const Condition& condition) {
  static const auto original =
      Original<void (*)(Mutex*, const Condition&)>("5Mutex5AwaitERKNS0_9ConditionE");
  __tsan_release(this);
  {
    const IgnoreConditions ignore;
    original(this, condition);
  }
  __tsan_acquire(this);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto original =
      Original<void (*)(CondVar*, Mutex*)>("7CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  {
    const IgnoreConditions ignore;
    original(this, mutex);
  }
  __tsan_acquire(mutex);
}

ABSL_NAMESPACE_END
}  // namespace absl

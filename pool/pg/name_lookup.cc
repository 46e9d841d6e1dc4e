#include "pool/pg/name_lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

namespace pgsluice {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

}  // namespace

HostAddresses LookUpHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // Else each address comes once for each kind.
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) return absl::UnavailableError(gai_strerror(error));
  const std::unique_ptr<addrinfo, FreeAddresses> owned(found);
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    const int failed = getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text),
                                   nullptr, 0, NI_NUMERICHOST);
    if (failed == 0) addresses.emplace_back(text);
  }
  if (addresses.empty()) return absl::UnavailableError("it has no address");
  return addresses;
}

void NameLookup::Start(std::string host,
                       std::shared_ptr<Completion<HostAddresses>> found) {
  BlockingThread* thread = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    if (thread_ == nullptr) thread_ = std::make_unique<BlockingThread>();
    thread = thread_.get();
  }
  thread->Run([look_up = look_up_, host = std::move(host), found = std::move(found)] {
    found->Set(look_up(host));
  });
}

}  // namespace pgsluice

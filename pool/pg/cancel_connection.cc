#include "pool/pg/cancel_connection.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgsluice {

namespace {

// Of PostgreSQL's protocol: requests in the place of a version number.
constexpr uint32_t kSslRequest = 80877103;
constexpr uint32_t kCancelRequest = 80877102;
// Until a Unix socket whose queue is full is tried again.
constexpr absl::Duration kQueueFullPause = absl::Milliseconds(10);

template <size_t kSize>
std::array<uint32_t, kSize> Packet(std::array<uint32_t, kSize> words) {
  words[0] = kSize * sizeof(uint32_t);
  for (uint32_t& word : words) word = htonl(word);
  return words;
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

asio::awaitable<CancelEnd> CancelConnection::Run(std::function<bool()> is_wanted) {
  bool is_ready = co_await Connect();
  if (is_ready) is_ready = co_await Greet();
  if (!is_ready || !is_wanted() || !SendRequest()) co_return CancelEnd::kNotSent;
  const bool is_closed = co_await AwaitClosed();
  co_return is_closed ? CancelEnd::kDelivered : CancelEnd::kUncertain;
}

void CancelConnection::Interrupt() {
  is_interrupted_ = true;
  pause_.Cancel();
  if (watch_.has_value()) watch_->Interrupt();
}

asio::awaitable<bool> CancelConnection::Connect() {
  while (!is_interrupted_) {
    descriptor_ =
        socket(target_->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) co_return false;
    watch_.emplace(loop_, descriptor_);
    const int result =
        connect(descriptor_, reinterpret_cast<const sockaddr*>(&target_->address),
                target_->address_size);
    if (result == 0) co_return true;
    if (errno == EINPROGRESS) co_return co_await AwaitConnected();
    if (errno != EAGAIN) co_return false;
    Disconnect();
    co_await pause_.Wait(kQueueFullPause);
  }
  co_return false;
}

asio::awaitable<bool> CancelConnection::AwaitConnected() {
  const bool is_ready = co_await watch_->WaitWritable();
  if (!is_ready || is_interrupted_) co_return false;
  int error = 0;
  socklen_t size = sizeof(error);
  co_return getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error == 0;
}

// Waits for a word of the server before the request is on its way: one that stands still
// would read it whenever it goes on, and the session could not be used until then.
asio::awaitable<bool> CancelConnection::Greet() {
  const char answer = co_await AskForTls();
  if (target_->tls.has_value()) {
    if (answer != 'S') co_return false;
    co_return co_await Encrypt();
  }
  if (answer == 'N') co_return true;
  if (answer != 'S') co_return false;
  // It would encrypt, the session does not. At least it is there: anew, without asking.
  Disconnect();
  co_return co_await Connect();
}

asio::awaitable<char> CancelConnection::AskForTls() {
  const auto question = Packet<2>({0, kSslRequest});
  if (send(descriptor_, question.data(), sizeof(question), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(sizeof(question))) {
    co_return '\0';
  }
  char answer = '\0';
  while (!is_interrupted_) {
    const ssize_t got = recv(descriptor_, &answer, 1, 0);
    if (got == 1) co_return answer;
    if (got == 0 || !WouldBlock()) break;
    co_await watch_->WaitReadable();
  }
  co_return '\0';
}

asio::awaitable<bool> CancelConnection::Encrypt() {
  ssl_ = target_->tls->Open(descriptor_);
  if (ssl_ == nullptr) co_return false;
  while (!is_interrupted_) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) co_return true;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) {
      co_await watch_->WaitReadable();
    } else if (error == SSL_ERROR_WANT_WRITE) {
      co_await watch_->WaitWritable();
    } else {
      break;
    }
  }
  ERR_clear_error();
  co_return false;
}

// So little that a fresh socket takes all of it at once.
bool CancelConnection::SendRequest() {
  if (is_interrupted_) return false;
  const auto request =
      Packet<4>({0, kCancelRequest, static_cast<uint32_t>(target_->key.pid),
                 static_cast<uint32_t>(target_->key.secret)});
  if (ssl_ != nullptr) {
    ERR_clear_error();
    return SSL_write(ssl_.get(), request.data(), sizeof(request)) ==
           static_cast<int>(sizeof(request));
  }
  return send(descriptor_, request.data(), sizeof(request), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sizeof(request));
}

// The server closes once the signal is on its way to the backend; a proxy between may
// turn that into a reset.
asio::awaitable<bool> CancelConnection::AwaitClosed() {
  std::array<char, 256> ignored{};
  while (!is_interrupted_) {
    const ssize_t got = recv(descriptor_, ignored.data(), ignored.size(), 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) co_return true;
    if (got < 0 && !WouldBlock()) co_return false;
    if (got < 0) co_await watch_->WaitReadable();
  }
  co_return false;
}

void CancelConnection::Disconnect() {
  ssl_.reset();
  watch_.reset();
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

}  // namespace pgsluice

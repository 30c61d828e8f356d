#include "uv-listener.h"

#include <errno.h>
#include <kj/debug.h>
#include <kj/list.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uv-network.h"
#include "uv-socket.h"
#include "uv-stream.h"

namespace troth {
namespace {

// How long to leave connections in the kernel when there is no file descriptor or memory for them.
constexpr uint64_t RETRY_DELAY_MS = 100;

// The file of a Unix listener, which goes away with it, unless another has taken its place.
class SocketFile {
public:
  explicit SocketFile(kj::StringPtr path): path(kj::str(path)) {
    checkSystem(lstat(path.cStr(), &created), kj::str("listen on unix:", path));
  }
  ~SocketFile() noexcept(false) {
    struct stat now;
    if (lstat(path.cStr(), &now) == 0 && now.st_dev == created.st_dev &&
        now.st_ino == created.st_ino) {
      unlink(path.cStr());
    }
  }
  KJ_DISALLOW_COPY_AND_MOVE(SocketFile);

private:
  kj::String path;
  struct stat created;
};

// Whether a process that is gone has left `address` behind: a socket that nobody answers.
bool isStale(const SocketAddress& address, kj::StringPtr path) {
  struct stat status;
  if (lstat(path.cStr(), &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
  auto fd = openSocket(AF_UNIX, "probe a Unix socket");
  return connect(fd, address.raw(), address.size()) < 0 && errno == ECONNREFUSED;
}

void bindTo(int fd, const SocketAddress& address, kj::StringPtr operation) {
  if (bind(fd, address.raw(), address.size()) == 0) return;
  int code = -errno;
  KJ_IF_MAYBE(path, address.findPath()) {
    if (code == UV_EADDRINUSE && isStale(address, *path)) {
      checkSystem(unlink(path->cStr()), operation);
      code = bind(fd, address.raw(), address.size()) == 0 ? 0 : -errno;
    }
  }
  checkUv(code, operation);
}

kj::AutoCloseFd openListener(const SocketAddress& address, ListenOptions options) {
  auto operation = kj::str("listen on ", address.toString());
  auto fd = openSocket(address.family(), operation);
  if (address.family() != AF_UNIX) {
    // A server that restarts would otherwise have to wait for its old connections to be forgotten.
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.port == ListenOptions::Port::SHARED) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (address.family() == AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, !address.isWildcard());
  bindTo(fd, address, operation);
  checkSystem(listen(fd, options.connectionsQueuedMax), operation);
  return fd;
}

class Listener;

class PendingAccept {
public:
  PendingAccept(kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>& fulfiller, Listener& listener);
  ~PendingAccept() noexcept(false);

  kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>& fulfiller;
  // Null once this is settled.
  Listener* listener;
  kj::ListLink<PendingAccept> link;
};

class Listener final: public kj::ConnectionReceiver, private Socket::User {
public:
  Listener(
      LoopPort& port, const PeerFilter& filter, const SocketAddress& address, kj::AutoCloseFd fd)
      : filter(filter),
        fd(kj::mv(fd)),
        socket(port, *this, this->fd),
        retry(
            port.handles(), this, [&](uv_timer_t* raw) { return uv_timer_init(&port.uv(), raw); }) {
    KJ_IF_MAYBE(path, address.findPath()) file.emplace(*path);
  }
  ~Listener() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Listener);

  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    return kj::newAdaptedPromise<kj::Own<kj::AsyncIoStream>, PendingAccept>(*this);
  }
  kj::Promise<kj::AuthenticatedStream> acceptAuthenticated() override {
    return accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
      return identify(socket.getPort(), filter, kj::mv(stream));
    });
  }
  uint getPort() override;
  void getsockopt(int level, int option, void* value, uint* length) override;
  void setsockopt(int level, int option, const void* value, uint length) override;
  void getsockname(sockaddr* address, uint* length) override;

private:
  const PeerFilter& filter;
  kj::Maybe<SocketFile> file;
  kj::AutoCloseFd fd;
  Socket socket;
  UvHandle<uv_timer_t> retry;
  kj::List<PendingAccept, &PendingAccept::link> accepting;

  void ready(uint events) override;
  void acceptOne();
  void acceptFailed(int code);
  void retryLater();
  void end(PendingAccept& pending);

  friend class PendingAccept;
};

PendingAccept::PendingAccept(
    kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>& fulfiller, Listener& listener)
    : fulfiller(fulfiller), listener(&listener) {
  listener.socket.beginWait(Socket::READABLE);
  listener.accepting.add(*this);
}

PendingAccept::~PendingAccept() noexcept(false) {
  if (listener != nullptr) listener->end(*this);
}

Listener::~Listener() noexcept(false) {
  while (!accepting.empty()) {
    auto& pending = accepting.front();
    end(pending);
    pending.fulfiller.reject(uvError(UV_ECANCELED, "the listener was destroyed while accepting"));
  }
}

void Listener::end(PendingAccept& pending) {
  pending.listener = nullptr;
  accepting.remove(pending);
  socket.endWait();
}

void Listener::ready(uint) {
  if (accepting.empty()) {
    socket.stopWatching(Socket::READABLE);
  } else {
    acceptOne();
  }
}

// One connection for each turn of the loop, so that a burst of them does not hold up those that
// exist.
void Listener::acceptOne() {
  sockaddr_storage raw{};
  socklen_t size = sizeof(raw);
  int result = accept4(
      socket.getFd(), reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (result < 0) {
    acceptFailed(-errno);
    return;
  }
  kj::AutoCloseFd fd(result);
  SocketAddress peer(&raw, size);
  if (filter.allows(peer)) {
    auto& pending = accepting.front();
    end(pending);
    pending.fulfiller.rejectIfThrows([&]() {
      if (peer.family() != AF_UNIX) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
      pending.fulfiller.fulfill(newStream(socket.getPort(), kj::mv(fd), PeerName(peer)));
    });
  }
  if (!accepting.empty()) socket.keepWatching(Socket::READABLE);
}

void Listener::acceptFailed(int code) {
  switch (code) {
    case UV_EMFILE:
    case UV_ENFILE:
    case UV_ENOBUFS:
    case UV_ENOMEM: retryLater(); break;
    case UV_EBADF:
    case UV_EFAULT:
    case UV_EINVAL:
    case UV_ENOTSOCK:
    case UV_ENOTSUP: {
      auto& pending = accepting.front();
      end(pending);
      pending.fulfiller.reject(uvError(code, "accept a connection"));
      break;
    }
    default:
      // The connection is gone, or broke before we got it. The next may be better.
      socket.keepWatching(Socket::READABLE);
      break;
  }
}

void Listener::retryLater() {
  socket.stopWatching(Socket::READABLE);
  auto callback = [](uv_timer_t* raw) {
    auto& listener = *static_cast<Listener*>(raw->data);
    listener.socket.getPort().guard([&]() {
      if (!listener.accepting.empty()) listener.socket.keepWatching(Socket::READABLE);
    });
  };
  uv_timer_start(&retry.get(), callback, RETRY_DELAY_MS, 0);
}

uint Listener::getPort() {
  sockaddr_storage raw{};
  uint size = sizeof(raw);
  getsockname(reinterpret_cast<sockaddr*>(&raw), &size);
  return SocketAddress(&raw, size).port();
}

void Listener::getsockopt(int level, int option, void* value, uint* length) {
  checkSystem(::getsockopt(socket.getFd(), level, option, value, length), "get a socket option");
}

void Listener::setsockopt(int level, int option, const void* value, uint length) {
  checkSystem(::setsockopt(socket.getFd(), level, option, value, length), "set a socket option");
}

void Listener::getsockname(sockaddr* address, uint* length) {
  checkSystem(::getsockname(socket.getFd(), address, length), "get a socket's own address");
}

}  // namespace

kj::Own<kj::ConnectionReceiver> newListener(
    LoopPort& port, const PeerFilter& filter, const SocketAddress& address, ListenOptions options) {
  return kj::heap<Listener>(port, filter, address, openListener(address, options));
}

}  // namespace troth

#include "uv-stream.h"

#include <errno.h>
#include <kj/debug.h>
#include <kj/list.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#include "uv-socket.h"

namespace troth {
namespace {

// Pieces that go to the kernel in one system call. More pieces take more calls.
constexpr size_t PIECES_PER_WRITE_MAX = 128;

// What remains of a write: `first`, then `rest`.
struct Remainder {
  kj::ArrayPtr<const kj::byte> first;
  kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> rest;

  bool isEmpty() const { return first.size() == 0 && rest.size() == 0; }

  // Forgets the first `size` bytes, and pieces that are empty.
  void skip(size_t size) {
    while (size >= first.size()) {
      size -= first.size();
      if (rest.size() == 0) {
        first = nullptr;
        return;
      }
      first = rest.front();
      rest = rest.slice(1, rest.size());
    }
    first = first.slice(size, first.size());
  }
};

// Where a read puts its bytes, and how many it has.
struct ReadTarget {
  kj::byte* buffer;
  size_t bytesMin;
  size_t bytesMax;
  size_t bytesRead;
};

class Stream;

class PendingRead {
public:
  PendingRead(kj::PromiseFulfiller<size_t>& fulfiller, Stream& stream, ReadTarget target);
  ~PendingRead() noexcept(false);

  kj::PromiseFulfiller<size_t>& fulfiller;
  ReadTarget target;
  // Null once this is settled.
  Stream* stream;
};

class PendingWrite {
public:
  PendingWrite(kj::PromiseFulfiller<void>& fulfiller, Stream& stream, Remainder remainder);
  ~PendingWrite() noexcept(false);

  kj::PromiseFulfiller<void>& fulfiller;
  Remainder remainder;
  Stream* stream;
};

class PendingHangUp {
public:
  PendingHangUp(kj::PromiseFulfiller<void>& fulfiller, Stream& stream);
  ~PendingHangUp() noexcept(false);

  kj::PromiseFulfiller<void>& fulfiller;
  Stream* stream;
  kj::ListLink<PendingHangUp> link;
};

class Stream final: public kj::AsyncIoStream, private Socket::User {
public:
  Stream(LoopPort& port, kj::AutoCloseFd fd, const PeerName& peer)
      : fd(kj::mv(fd)), socket(port, *this, this->fd), peer(peer) {}
  ~Stream() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Stream);

  // For a socket that has begun to connect.
  kj::Promise<void> whenConnected();

  kj::Promise<size_t> tryRead(void* buffer, size_t minBytes, size_t maxBytes) override;
  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override;
  void shutdownWrite() override;
  void abortRead() override;

  void getsockopt(int level, int option, void* value, uint* length) override;
  void setsockopt(int level, int option, const void* value, uint length) override;
  void getsockname(sockaddr* address, uint* length) override;
  void getpeername(sockaddr* address, uint* length) override;
  kj::Maybe<int> getFd() const override { return socket.getFd(); }

private:
  kj::AutoCloseFd fd;
  Socket socket;
  PeerName peer;
  bool ended = false;
  bool hungUp = false;
  bool shutdownAfterWrite = false;
  PendingRead* reading = nullptr;
  PendingWrite* writing = nullptr;
  kj::List<PendingHangUp, &PendingHangUp::link> waitingForHangUp;

  // Bytes of a read that was dropped before it had enough, for the next one.
  kj::Array<kj::byte> leftover;

  kj::Exception error(int code, kj::StringPtr operation) {
    return uvError(code, kj::str(operation, ' ', peer.toString()));
  }

  size_t takeLeftover(kj::ArrayPtr<kj::byte> buffer);
  kj::Promise<void> writeAll(Remainder remainder);
  int send(Remainder& remainder);

  void ready(uint events) override;
  void readReady();
  void writeReady();
  void hangUpReady();
  bool isHungUp();
  void hangUp();
  void shutdownNow(int how);

  // Ends a wait and returns it, to be settled. A wait that is dropped ends in the same way.
  PendingRead& endRead();
  PendingWrite& endWrite();
  void endHangUp(PendingHangUp& pending);

  friend class PendingRead;
  friend class PendingWrite;
  friend class PendingHangUp;
};

Stream::~Stream() noexcept(false) {
  auto gone = [this]() {
    return error(UV_ECANCELED, "the stream was destroyed while in use; peer");
  };
  if (reading != nullptr) endRead().fulfiller.reject(gone());
  shutdownAfterWrite = false;
  if (writing != nullptr) endWrite().fulfiller.reject(gone());
  while (!waitingForHangUp.empty()) {
    auto& pending = waitingForHangUp.front();
    endHangUp(pending);
    pending.fulfiller.reject(gone());
  }
}

void Stream::ready(uint events) {
  if (events & Socket::READABLE) readReady();
  if (events & Socket::WRITABLE) writeReady();
  if (events & Socket::HUNG_UP) hangUpReady();
}

// ---------------------------------------------------------------------------------------
// Reading

PendingRead::PendingRead(kj::PromiseFulfiller<size_t>& fulfiller, Stream& stream, ReadTarget target)
    : fulfiller(fulfiller), target(target), stream(&stream) {
  stream.socket.beginWait(Socket::READABLE);
  stream.reading = this;
}

PendingRead::~PendingRead() noexcept(false) {
  if (stream == nullptr) return;
  // KJ lets go of a buffer after the promise that fills it, so what has been read is still there.
  if (target.bytesRead > 0) {
    stream->leftover = kj::heapArray<kj::byte>(kj::arrayPtr(target.buffer, target.bytesRead));
  }
  stream->endRead();
}

PendingRead& Stream::endRead() {
  auto& pending = *reading;
  pending.stream = nullptr;
  reading = nullptr;
  socket.endWait();
  return pending;
}

size_t Stream::takeLeftover(kj::ArrayPtr<kj::byte> buffer) {
  size_t size = kj::min(leftover.size(), buffer.size());
  if (size > 0) {
    memcpy(buffer.begin(), leftover.begin(), size);
    leftover = size < leftover.size()
        ? kj::heapArray<kj::byte>(leftover.slice(size, leftover.size()))
        : nullptr;
  }
  return size;
}

kj::Promise<size_t> Stream::tryRead(void* buffer, size_t minBytes, size_t maxBytes) {
  KJ_REQUIRE(reading == nullptr, "a stream runs one read at a time");
  ReadTarget target{static_cast<kj::byte*>(buffer), kj::max(minBytes, size_t(1)), maxBytes, 0};
  target.bytesRead = takeLeftover(kj::arrayPtr(target.buffer, maxBytes));
  if (target.bytesRead >= target.bytesMin || maxBytes == 0 || ended) return target.bytesRead;
  return kj::newAdaptedPromise<size_t, PendingRead>(*this, target);
}

void Stream::readReady() {
  if (reading == nullptr) {
    socket.stopWatching(Socket::READABLE);
    return;
  }
  auto& target = reading->target;
  ssize_t size =
      recv(socket.getFd(), target.buffer + target.bytesRead, target.bytesMax - target.bytesRead, 0);
  if (size < 0 && errno != EAGAIN && errno != EINTR) {
    int code = -errno;
    hangUp();
    endRead().fulfiller.reject(error(code, "read from"));
    return;
  }
  ended = size == 0;
  target.bytesRead += kj::max(size, ssize_t(0));
  if (ended || target.bytesRead >= target.bytesMin) {
    auto& pending = endRead();
    pending.fulfiller.fulfill(kj::cp(pending.target.bytesRead));
    if (ended && !waitingForHangUp.empty() && isHungUp()) hangUp();
  } else {
    socket.keepWatching(Socket::READABLE);
  }
}

// ---------------------------------------------------------------------------------------
// Writing

PendingWrite::PendingWrite(
    kj::PromiseFulfiller<void>& fulfiller, Stream& stream, Remainder remainder)
    : fulfiller(fulfiller), remainder(remainder), stream(&stream) {
  stream.socket.beginWait(Socket::WRITABLE);
  stream.writing = this;
}

PendingWrite::~PendingWrite() noexcept(false) {
  if (stream != nullptr) stream->endWrite();
}

PendingWrite& Stream::endWrite() {
  auto& pending = *writing;
  pending.stream = nullptr;
  writing = nullptr;
  socket.endWait();
  // A socket is writable most of the time, so the kernel would not stop saying so.
  socket.stopWatching(Socket::WRITABLE);
  if (shutdownAfterWrite) shutdownNow(SHUT_WR);
  return pending;
}

kj::Promise<void> Stream::write(const void* buffer, size_t size) {
  return writeAll({kj::arrayPtr(static_cast<const kj::byte*>(buffer), size), nullptr});
}

kj::Promise<void> Stream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  return writeAll({nullptr, pieces});
}

kj::Promise<void> Stream::writeAll(Remainder remainder) {
  KJ_REQUIRE(writing == nullptr, "a stream runs one write at a time");
  int code = send(remainder);
  if (code == UV_EAGAIN) return kj::newAdaptedPromise<void, PendingWrite>(*this, remainder);
  if (code < 0) return error(code, "write to");
  return kj::READY_NOW;
}

// Writes as much as the kernel takes. Returns 0 if that was all, UV_EAGAIN if the kernel is full,
// or the code of an error.
int Stream::send(Remainder& remainder) {
  remainder.skip(0);
  while (!remainder.isEmpty()) {
    iovec pieces[PIECES_PER_WRITE_MAX];
    size_t count = 0;
    size_t total = 0;
    auto add = [&](kj::ArrayPtr<const kj::byte> piece) {
      pieces[count++] = {const_cast<kj::byte*>(piece.begin()), piece.size()};
      total += piece.size();
    };
    add(remainder.first);
    for (size_t i = 0; i < remainder.rest.size() && count < PIECES_PER_WRITE_MAX; ++i) {
      add(remainder.rest[i]);
    }
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    // The flag spares the process a SIGPIPE.
    ssize_t size = sendmsg(socket.getFd(), &message, MSG_NOSIGNAL);
    if (size < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    remainder.skip(size);
    if (size_t(size) < total) return UV_EAGAIN;
  }
  return 0;
}

void Stream::writeReady() {
  if (writing == nullptr) {
    socket.stopWatching(Socket::WRITABLE);
    return;
  }
  int code = send(writing->remainder);
  if (code == UV_EAGAIN) {
    socket.keepWatching(Socket::WRITABLE);
  } else if (code < 0) {
    hangUp();
    endWrite().fulfiller.reject(error(code, "write to"));
  } else {
    endWrite().fulfiller.fulfill();
  }
}

// ---------------------------------------------------------------------------------------
// The connection

kj::Promise<void> Stream::whenConnected() {
  // A connection that is being made becomes writable when it is decided.
  return kj::newAdaptedPromise<void, PendingWrite>(*this, Remainder{}).then([this]() {
    int code = 0;
    uint length = sizeof(code);
    getsockopt(SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) kj::throwFatalException(error(-code, "connect to"));
  });
}

PendingHangUp::PendingHangUp(kj::PromiseFulfiller<void>& fulfiller, Stream& stream)
    : fulfiller(fulfiller), stream(&stream) {
  stream.socket.beginWait(Socket::HUNG_UP);
  stream.waitingForHangUp.add(*this);
}

PendingHangUp::~PendingHangUp() noexcept(false) {
  if (stream != nullptr) stream->endHangUp(*this);
}

void Stream::endHangUp(PendingHangUp& pending) {
  pending.stream = nullptr;
  waitingForHangUp.remove(pending);
  socket.endWait();
}

kj::Promise<void> Stream::whenWriteDisconnected() {
  if (hungUp) return kj::READY_NOW;
  return kj::newAdaptedPromise<void, PendingHangUp>(*this);
}

bool Stream::isHungUp() {
  pollfd query{socket.getFd(), 0, 0};
  return poll(&query, 1, 0) > 0 && (query.revents & (POLLHUP | POLLERR)) != 0;
}

// Urgent data looks like a hang-up to libuv, so this asks the kernel.
void Stream::hangUpReady() {
  if (!waitingForHangUp.empty() && isHungUp()) {
    hangUp();
  } else {
    socket.stopWatching(Socket::HUNG_UP);
  }
}

void Stream::hangUp() {
  hungUp = true;
  socket.stopWatching(Socket::HUNG_UP);
  while (!waitingForHangUp.empty()) {
    auto& pending = waitingForHangUp.front();
    endHangUp(pending);
    pending.fulfiller.fulfill();
  }
}

void Stream::shutdownWrite() {
  if (writing == nullptr) {
    shutdownNow(SHUT_WR);
  } else {
    shutdownAfterWrite = true;
  }
}

void Stream::abortRead() { shutdownNow(SHUT_RD); }

void Stream::shutdownNow(int how) {
  // A connection that has broken needs no shutting down; readers and writers learn of it by
  // themselves.
  if (shutdown(socket.getFd(), how) < 0 && errno != ENOTCONN) {
    kj::throwRecoverableException(error(-errno, "shut down the connection to"));
  }
}

void Stream::getsockopt(int level, int option, void* value, uint* length) {
  checkSystem(::getsockopt(socket.getFd(), level, option, value, length), "get a socket option");
}

void Stream::setsockopt(int level, int option, const void* value, uint length) {
  checkSystem(::setsockopt(socket.getFd(), level, option, value, length), "set a socket option");
}

void Stream::getsockname(sockaddr* address, uint* length) {
  checkSystem(::getsockname(socket.getFd(), address, length), "get a socket's own address");
}

void Stream::getpeername(sockaddr* address, uint* length) {
  checkSystem(::getpeername(socket.getFd(), address, length), "get the address of a socket's peer");
}

}  // namespace

kj::Own<kj::AsyncIoStream> newStream(LoopPort& port, kj::AutoCloseFd fd, const PeerName& peer) {
  return kj::heap<Stream>(port, kj::mv(fd), peer);
}

kj::Promise<kj::Own<kj::AsyncIoStream>> connectStream(
    LoopPort& port, const SocketAddress& address) {
  auto operation = kj::str("connect to ", address.toString());
  auto fd = openSocket(address.family(), operation);
  if (address.family() != AF_UNIX) setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (connect(fd, address.raw(), address.size()) < 0 && errno != EINPROGRESS && errno != EINTR) {
    return uvError(-errno, operation);
  }
  auto stream = kj::heap<Stream>(port, kj::mv(fd), PeerName(address));
  auto promise = stream->whenConnected();
  return promise.then(
      [stream = kj::mv(stream)]() mutable -> kj::Own<kj::AsyncIoStream> { return kj::mv(stream); });
}

}  // namespace troth

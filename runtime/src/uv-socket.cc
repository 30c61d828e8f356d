#include "uv-socket.h"

namespace troth {

Socket::Socket(LoopPort& port, User& user, int fd)
    : port(port), user(user), fd(fd), handle(port.handles(), this, [&](uv_poll_t* raw) {
        return uv_poll_init(&port.uv(), raw, fd);
      }) {
  uv_unref(reinterpret_cast<uv_handle_t*>(&handle.get()));
}

void Socket::beginWait(uint event) {
  keepWatching(event);
  if (waits++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&handle.get()));
}

void Socket::endWait() {
  if (--waits == 0 && handle.isOpen()) uv_unref(reinterpret_cast<uv_handle_t*>(&handle.get()));
}

void Socket::stopWatching(uint event) {
  if ((watched & event) != 0 && handle.isOpen()) watch(watched & ~event);
}

void Socket::watch(uint events) {
  checkUv(uv_poll_start(&handle.get(), events, &onPoll), "watch a socket");
  watched = events;
}

void Socket::onPoll(uv_poll_t* raw, int status, int events) {
  auto& socket = *static_cast<Socket*>(raw->data);
  if (status < 0) {
    // libuv stops watching at an error.
    socket.watched = 0;
    events = READABLE | WRITABLE | HUNG_UP;
  }
  socket.port.guard([&]() { socket.user.ready(events); });
}

kj::AutoCloseFd openSocket(int family, kj::StringPtr operation) {
  return kj::AutoCloseFd(
      checkSystem(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), operation));
}

void setOption(int fd, int level, int option, int value) {
  checkSystem(setsockopt(fd, level, option, &value, sizeof(value)), "set a socket option");
}

}  // namespace troth

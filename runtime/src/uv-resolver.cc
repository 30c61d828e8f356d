#include "uv-resolver.h"

#include <kj/debug.h>
#include <netdb.h>

namespace troth {
namespace {

class PendingLookUp;

// The request belongs to libuv until its callback has run, however early the promise is dropped.
struct Request {
  uv_getaddrinfo_t raw;
  PendingLookUp* owner;

  static void onResult(uv_getaddrinfo_t* raw, int status, addrinfo* list);
};

class PendingLookUp {
public:
  PendingLookUp(
      kj::PromiseFulfiller<kj::Vector<SocketAddress>>& fulfiller, LoopPort& port, HostName&& name)
      : fulfiller(fulfiller),
        port(port),
        name(kj::mv(name)),
        presence(
            port.handles(), this, [&](uv_timer_t* raw) { return uv_timer_init(&port.uv(), raw); }),
        request(new Request) {
    request->raw.data = request;
    request->owner = this;
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int code = uv_getaddrinfo(
        &port.uv(), &request->raw, &Request::onResult, this->name.host.cStr(), nullptr, &hints);
    if (code < 0) {
      delete request;
      request = nullptr;
      fulfiller.reject(error(code));
    }
  }

  ~PendingLookUp() noexcept(false) {
    if (request == nullptr) return;
    request->owner = nullptr;
    // Succeeds unless a thread is at work on it already; the callback comes either way.
    uv_cancel(reinterpret_cast<uv_req_t*>(&request->raw));
  }
  KJ_DISALLOW_COPY_AND_MOVE(PendingLookUp);

  void finish(int status, addrinfo* list) {
    request = nullptr;
    if (presence.isOpen()) port.guard([&]() { settle(status, list); });
  }

private:
  kj::PromiseFulfiller<kj::Vector<SocketAddress>>& fulfiller;
  LoopPort& port;
  HostName name;

  // Never started: it is open as long as the Loop exists, which a look-up may outlive.
  UvHandle<uv_timer_t> presence;
  Request* request;

  kj::Exception error(int code) { return uvError(code, kj::str("look up \"", name.host, '"')); }

  void settle(int status, addrinfo* list) {
    if (status < 0) {
      fulfiller.reject(error(status));
      return;
    }
    kj::Vector<SocketAddress> result;
    for (auto info = list; info != nullptr; info = info->ai_next) {
      result.add(info->ai_addr, info->ai_addrlen);
      result.back().setPort(name.port);
    }
    fulfiller.fulfill(kj::mv(result));
  }
};

void Request::onResult(uv_getaddrinfo_t* raw, int status, addrinfo* list) {
  auto request = static_cast<Request*>(raw->data);
  if (request->owner != nullptr) request->owner->finish(status, list);
  uv_freeaddrinfo(list);
  delete request;
}

}  // namespace

kj::Promise<kj::Vector<SocketAddress>> resolve(LoopPort& port, HostName name) {
  return kj::newAdaptedPromise<kj::Vector<SocketAddress>, PendingLookUp>(port, kj::mv(name));
}

}  // namespace troth

#include "uv-observer.h"

#include <kj/debug.h>

#include "uv-socket.h"

namespace troth {
namespace {

class Observer;

class PendingEvent {
public:
  PendingEvent(kj::PromiseFulfiller<void>& fulfiller, Observer& observer, uint event);
  ~PendingEvent() noexcept(false);

  kj::PromiseFulfiller<void>& fulfiller;
  const uint event;
  // Null once this is settled.
  Observer* observer;
};

class Observer final: public FdObserver, private Socket::User {
public:
  Observer(LoopPort& port, int fd): socket(port, *this, fd) {}
  ~Observer() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Observer);

  kj::Promise<void> whenReadable() override { return when(Socket::READABLE, reading); }
  kj::Promise<void> whenWritable() override { return when(Socket::WRITABLE, writing); }

private:
  Socket socket;
  PendingEvent* reading = nullptr;
  PendingEvent* writing = nullptr;

  PendingEvent*& pendingFor(uint event) { return event == Socket::READABLE ? reading : writing; }

  kj::Promise<void> when(uint event, PendingEvent* pending) {
    KJ_REQUIRE(pending == nullptr, "an FdObserver runs one wait at a time in each direction");
    return kj::newAdaptedPromise<void, PendingEvent>(*this, event);
  }

  void ready(uint events) override {
    for (uint event: {Socket::READABLE, Socket::WRITABLE}) {
      if ((events & event) == 0) continue;
      if (pendingFor(event) == nullptr) {
        socket.stopWatching(event);
      } else {
        end(event).fulfiller.fulfill();
      }
    }
  }

  // Ends a wait and returns it, to be settled.
  PendingEvent& end(uint event) {
    auto& pending = *pendingFor(event);
    pending.observer = nullptr;
    pendingFor(event) = nullptr;
    socket.endWait();
    return pending;
  }

  friend class PendingEvent;
};

PendingEvent::PendingEvent(kj::PromiseFulfiller<void>& fulfiller, Observer& observer, uint event)
    : fulfiller(fulfiller), event(event), observer(&observer) {
  observer.socket.beginWait(event);
  observer.pendingFor(event) = this;
}

PendingEvent::~PendingEvent() noexcept(false) {
  if (observer != nullptr) observer->end(event);
}

Observer::~Observer() noexcept(false) {
  for (uint event: {Socket::READABLE, Socket::WRITABLE}) {
    if (pendingFor(event) == nullptr) continue;
    end(event).fulfiller.reject(
        KJ_EXCEPTION(FAILED, "an FdObserver was destroyed while somebody waited on it"));
  }
}

}  // namespace

kj::Own<FdObserver> newFdObserver(LoopPort& port, int fd) { return kj::heap<Observer>(port, fd); }

}  // namespace troth

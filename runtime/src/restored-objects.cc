#include "restored-objects.h"

#include <kj/debug.h>

#include "sturdy-path.h"

namespace troth {
namespace {

kj::Exception vatGone() { return KJ_EXCEPTION(DISCONNECTED, "the vat of this object is gone"); }

}  // namespace

// Owns a server. Nobody is given the object any more before its destructor starts.
class RestoredObjects::Holder final {
public:
  Holder(kj::Own<RestoredObjects> objects, kj::StringPtr path, kj::Own<ServerBase> server)
      : server(kj::mv(server)), objects(kj::mv(objects)), path(kj::str(path)) {}
  ~Holder() noexcept(false) { objects->moveOut(path); }
  KJ_DISALLOW_COPY_AND_MOVE(Holder);

private:
  kj::Own<ServerBase> server;
  kj::Own<RestoredObjects> objects;
  kj::String path;
};

void RestoredObjects::add(kj::StringPtr name, _::MakeServer make) {
  restorers.upsert(kj::str(name), kj::refcounted<Restorer>(kj::mv(make)));
}

kj::Own<capnp::ClientHook> RestoredObjects::get(kj::StringPtr name, kj::StringPtr key) {
  if (closed) return capnp::newBrokenCap(vatGone());
  if (key.size() == 0) {
    return capnp::newBrokenCap(KJ_EXCEPTION(FAILED, "the key of a restored object is empty", name));
  }
  auto path = _::pathOf(name, key);
  KJ_IF_MAYBE(place, places.find(path)) {
    KJ_IF_MAYBE(live, place->live) return live->addRef();
    KJ_IF_MAYBE(coming, place->coming) return (*coming)->addRef();
    return capnp::newBrokenCap(
        KJ_EXCEPTION(FAILED, "a restorer needs the object that it is making", name, key));
  }
  KJ_IF_MAYBE(restorer, restorers.find(name)) {
    if (making >= MAKING_MAX) {
      return capnp::newBrokenCap(
          KJ_EXCEPTION(OVERLOADED, "too many objects are being restored", MAKING_MAX));
    }
    return make(
        kj::heap<Order>(Order{kj::str(name), kj::str(key), kj::mv(path), kj::addRef(**restorer)}));
  }
  return capnp::newBrokenCap(KJ_EXCEPTION(FAILED, "this vat has no restorer of that name", name));
}

kj::Own<capnp::ClientHook> RestoredObjects::make(kj::Own<Order> order) {
  places.insert(kj::str(order->path), Place());
  auto path = kj::str(order->path);
  kj::Own<capnp::ClientHook> result;
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                auto made = order->restorer->make(order->key);
                if (made.is<kj::Own<ServerBase>>()) {
                  result = moveIn(*order, kj::mv(made.get<kj::Own<ServerBase>>()));
                } else {
                  auto& promise = made.get<kj::Promise<kj::Own<ServerBase>>>();
                  result = await(kj::mv(order), kj::mv(promise));
                }
              })) {
    forget(path);
    return capnp::newBrokenCap(kj::mv(*exception));
  }
  return result;
}

// The function and the key stay until the promise is kept: it may use both.
kj::Own<capnp::ClientHook> RestoredObjects::await(
    kj::Own<Order> order, kj::Promise<kj::Own<ServerBase>> server) {
  ++making;
  auto& o = *order;
  auto done = kj::defer([self = kj::addRef(*this)]() mutable { --self->making; });
  auto moved =
      server.then([self = kj::addRef(*this), &o](
                      kj::Own<ServerBase>&& made) mutable { return self->moveIn(o, kj::mv(made)); },
          [self = kj::addRef(*this), &o](
              kj::Exception&& exception) mutable -> kj::Own<capnp::ClientHook> {
            self->forget(o.path);
            kj::throwFatalException(kj::mv(exception));
          });
  auto hook =
      capnp::newLocalPromiseClient(makingNow.wrap(moved.attach(kj::mv(order), kj::mv(done))));
  KJ_IF_MAYBE(place, places.find(o.path)) place->coming = hook->addRef();
  return hook;
}

kj::Own<capnp::ClientHook> RestoredObjects::moveIn(const Order& order, kj::Own<ServerBase> server) {
  if (closed) kj::throwFatalException(vatGone());
  auto& s = *server;
  setHome(s, order.name, order.key);
  auto holder = kj::heap<Holder>(kj::addRef(*this), order.path, kj::mv(server));
  kj::Own<capnp::Capability::Server> held(&s, kj::NullDisposer::instance);
  auto hook = capnp::ClientHook::from(capnp::Capability::Client(held.attach(kj::mv(holder))));
  forget(order.path);
  places.insert(kj::str(order.path), Place{nullptr, *hook});
  return hook;
}

void RestoredObjects::moveOut(kj::StringPtr path) {
  if (!closed) places.erase(path);
}

// Leaves no place behind. What was awaited there may be what runs now.
void RestoredObjects::forget(kj::StringPtr path) {
  KJ_IF_MAYBE(place, places.find(path)) {
    KJ_IF_MAYBE(coming, place->coming) {
      kj::evalLater([dead = kj::mv(*coming)]() {}).detach([](kj::Exception&&) {});
    }
    places.erase(path);
  }
}

void RestoredObjects::close() {
  closed = true;
  makingNow.cancel(vatGone());
  auto forgottenPlaces = kj::mv(places);
  auto forgottenRestorers = kj::mv(restorers);
  places = {};
  restorers = {};
}

}  // namespace troth

#pragma once
// The objects that a vat's restorers have made and that somebody holds.

#include <kj/async.h>
#include <kj/map.h>
#include <troth/restorer.h>

namespace troth {

// May outlive its vat: whoever holds one of its objects holds it too.
class RestoredObjects final: public kj::Refcounted {
public:
  // Objects that are being made at one time, at most.
  static constexpr size_t MAKING_MAX = 10000;

  // Gives every object that is made its home.
  using SetHome = kj::Function<void(ServerBase& server, kj::StringPtr name, kj::StringPtr key)>;

  explicit RestoredObjects(SetHome setHome): setHome(kj::mv(setHome)) {}

  // Replaces the restorer of that name; the objects that the old one made live on.
  void add(kj::StringPtr name, _::MakeServer make);

  bool has(kj::StringPtr name) const { return restorers.find(name) != nullptr; }

  // The object, made if nobody holds it; broken if it cannot be.
  kj::Own<capnp::ClientHook> get(kj::StringPtr name, kj::StringPtr key);

  template <typename Each>
  void eachName(Each&& each) const {
    for (auto& entry: restorers) each(entry.key);
  }

  // Makes no more, and drops what is being made.
  void close();

private:
  struct Restorer final: public kj::Refcounted {
    explicit Restorer(_::MakeServer make): make(kj::mv(make)) {}
    _::MakeServer make;
  };

  // What is known of an object.
  struct Place {
    // While a promise of it is awaited.
    kj::Maybe<kj::Own<capnp::ClientHook>> coming;

    // While somebody holds it.
    kj::Maybe<capnp::ClientHook&> live;
  };

  // An object that is made.
  struct Order {
    kj::String name;
    kj::String key;
    kj::String path;
    kj::Own<Restorer> restorer;
  };

  class Holder;

  SetHome setHome;
  kj::HashMap<kj::String, kj::Own<Restorer>> restorers;
  kj::HashMap<kj::String, Place> places;
  kj::Canceler makingNow;
  size_t making = 0;
  bool closed = false;

  kj::Own<capnp::ClientHook> make(kj::Own<Order> order);
  kj::Own<capnp::ClientHook> await(kj::Own<Order> order, kj::Promise<kj::Own<ServerBase>> server);
  kj::Own<capnp::ClientHook> moveIn(const Order& order, kj::Own<ServerBase> server);
  void moveOut(kj::StringPtr path);
  void forget(kj::StringPtr path);
};

}  // namespace troth

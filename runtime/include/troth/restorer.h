#pragma once
// A Restorer<I> gives the objects of one kind by their keys, and makes them when they are needed.
//
//     auto accounts = vat.restorer<Account>([&](kj::StringPtr owner) {
//       return kj::heap<AccountServer>(database, owner);
//     });
//     ...
//     call.fulfill(accounts(call.owner()));
//
// What it gives can be saved as a sturdy ref, and is there again, made anew from its key, when
// somebody restores it: in this process or in a later one. A key is never empty.

#include <kj/function.h>
#include <kj/one-of.h>

#include "server.h"

namespace troth {
namespace _ {

using MadeServer = kj::OneOf<kj::Own<ServerBase>, kj::Promise<kj::Own<ServerBase>>>;
using MakeServer = kj::Function<MadeServer(kj::StringPtr key)>;

// `fn`, which gives a server of I or a promise of one, as MakeServer.
template <typename I, typename Fn>
MakeServer toMakeServer(Fn fn) {
  return [fn = kj::mv(fn)](kj::StringPtr key) mutable -> MadeServer {
    using Made = std::invoke_result_t<Fn&, kj::StringPtr>;
    if constexpr (std::convertible_to<Made, kj::Own<Server<I>>>) {
      return MadeServer(kj::Own<ServerBase>(fn(key)));
    } else {
      auto made = fn(key).then([](auto&& server) {
        static_assert(std::convertible_to<decltype(server), kj::Own<Server<I>>>,
            "a restorer of I gives a kj::Own<Server<I>>, or a promise of one");
        return kj::Own<ServerBase>(kj::mv(server));
      });
      return MadeServer(kj::Promise<kj::Own<ServerBase>>(kj::mv(made)));
    }
  };
}

// One restorer of one vat. It outlives the vat; then all that it gives is broken.
class RestorerHook {
public:
  virtual ~RestorerHook() noexcept(false) {}
  virtual kj::Own<capnp::ClientHook> get(kj::StringPtr key) = 0;
  virtual kj::Own<RestorerHook> addRef() = 0;
};

}  // namespace _

// As cheap to copy as a reference count.
template <typename I>
class Restorer {
public:
  explicit Restorer(kj::Own<_::RestorerHook> hook): hook(kj::mv(hook)) {}
  Restorer(const Restorer& other): hook(other.hook->addRef()) {}
  Restorer(Restorer&&) = default;
  Restorer& operator=(const Restorer& other) {
    hook = other.hook->addRef();
    return *this;
  }
  Restorer& operator=(Restorer&&) = default;

  // The object for `key`: the one that somebody holds, if any does, else a new one. A broken ref if
  // it cannot be made.
  Ref<I> operator()(kj::StringPtr key) const { return Ref<I>(hook->get(key)); }

private:
  mutable kj::Own<_::RestorerHook> hook;
};

}  // namespace troth

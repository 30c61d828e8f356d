#pragma once
// A Vat is one event loop and the objects that live in it. It serves its objects to other vats and
// connects to theirs.
//
//     troth::Vat vat;                                               // a client
//     auto bank = vat.connect<Bank>("bank.example:7700");
//     auto amount = bank.openAccount("alice", 100).account().balance().amount().wait(vat);
//
//     troth::Vat().serve(kj::heap<BankServer>()).run("*:7700");     // a server
//
// One vat per thread, used by that thread alone. A server that wants more cores runs several vats
// on one port, with ListenOptions::Port::SHARED.
//
// Errors. A call on a connection that cannot be made, or is lost, breaks with DISCONNECTED; one
// that is over a bound (see limits.h) with OVERLOADED, here or at the peer; one that the peer does
// not know with UNIMPLEMENTED; anything else is FAILED.

#include <kj/async-io.h>

#include <string>
#include <vector>

#include "durability.h"
#include "limits.h"
#include "loop.h"
#include "offload.h"
#include "ref.h"
#include "restorer.h"
#include "sturdy-secrets.h"

namespace troth {

class JitterSource;

// When to try again to connect to an address where that has failed. A connection on which the peer
// has answered makes the next attempt the first one again.
struct Reconnect {
  // The delay after attempt n that fails is a random part ("full jitter") of
  // delayFirst * 2^(n - 1), and of delayMax at most. Random, so that those who lost one server do
  // not come back to it together. Calls that are made meanwhile wait for the next attempt, and
  // break with it: a larger delayMax lets them wait longer, a smaller one asks more often for a
  // server that is down.
  kj::Duration delayFirst = 50 * kj::MILLISECONDS;
  kj::Duration delayMax = 5 * kj::SECONDS;

  // Must outlive the vat. Without one, the thread's own is used, which is seeded by the system.
  kj::Maybe<JitterSource&> jitter = nullptr;
};

struct VatOptions {
  // The loop to live on. Without one, the vat makes its own.
  kj::Maybe<Loop&> loop = nullptr;

  Limits limits{};

  // When to give up on a silent peer.
  KeepAlive keepAlive{};

  Reconnect reconnect{};

  // How long run() lets outstanding calls go on after SIGINT or SIGTERM.
  kj::Duration drain = 10 * kj::SECONDS;

  // The address by which others reach this vat, as connect() takes it: what its sturdy refs name.
  // Without one, no refs of its objects can be saved for others.
  std::string publicAddress{};

  // What this vat makes the secrets of its sturdy refs with: 32 random bytes or more, the same in
  // every process in which the refs are to be good, and known to nobody else. Without one, the
  // vat's store keeps one, and without a store the refs are good as long as the vat lives.
  std::vector<kj::byte> sturdyKey{};

  // Where revocations are remembered; must outlive the vat. Without it the store does, and without
  // a store they are forgotten with the vat.
  kj::Maybe<SturdySecrets&> sturdySecrets = nullptr;

  // Where durable calls are recorded: a troth::Store, of the durable library. Without one, durable
  // calls on objects of this vat are refused. See durability.h.
  kj::Own<DurableStore> store{};

  // How the vat works on durable calls.
  DurableOptions durable{};
};

class Vat final {
public:
  Vat();
  explicit Vat(VatOptions options);

  // Closes all connections and breaks every call that is under way with DISCONNECTED.
  ~Vat() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Vat);

  // The object at `address`: host:port or unix:/path for a vat's main object, host:port/name for
  // one of its named objects. Returns at once; calls made on it wait for the connection, and break
  // with its error. All refs to one address share a connection.
  //
  // The ref outlives the connection. What was under way when that was lost breaks with
  // DISCONNECTED, as nobody knows whether it has run; a call that is made later goes out on a new
  // connection to the same address, to whoever serves it then. Attempts that fail are spaced (see
  // Reconnect); calls wait for the next one, and break if it fails too. The refs that were got from
  // calls belong to their connection, and so does what another vat got of this one.
  template <typename I>
  Ref<I> connect(kj::StringPtr address) {
    return Ref<I>(connectHook(address));
  }

  // The same over a stream that is connected already: a pipe, a TLS stream, an inherited socket.
  // When that is lost, so is the ref.
  template <typename I>
  Ref<I> connect(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr name = "") {
    return Ref<I>(connectHook(kj::mv(stream), name));
  }

  // Makes `server`, an owned server object or a ref, the main object of this vat, or the object
  // called `name`. It replaces what was there; peers that hold the old object keep it.
  template <typename S>
  Vat& serve(S server) {
    return serve("", kj::mv(server));
  }
  template <typename S>
  Vat& serve(kj::StringPtr name, kj::Own<S> server) {
    return serveClient(name, capnp::Capability::Client(kj::mv(server)));
  }
  template <typename I>
  Vat& serve(kj::StringPtr name, const RefBase<I>& ref) {
    return serveClient(name, capnp::Capability::Client(ref.getHook()));
  }
  Vat& serve(kj::StringPtr name, capnp::Capability::Client client) {
    return serveClient(name, kj::mv(client));
  }

  // Lets the objects of type I that `fn` makes be restored by their keys. `fn` takes a key, and
  // gives a server of I or a promise of one, until which the key stays valid; it throws, or the
  // promise breaks, where there is none.
  // It is called for a key when nobody holds the object, and never twice at one time. It replaces
  // the restorer of that name; the second form names it after the interface, as in "Account".
  template <typename I, typename Fn>
  Restorer<I> restorer(kj::StringPtr name, Fn fn) {
    return Restorer<I>(addRestorer(name, _::toMakeServer<I>(kj::mv(fn))));
  }
  template <typename I, typename Fn>
  Restorer<I> restorer(Fn fn) {
    return restorer<I>(capnp::Schema::from<I>().getShortDisplayName(), kj::mv(fn));
  }

  // The object behind a sturdy ref, here or in another vat. Returns at once; calls on it break if
  // it cannot be had. A wrong secret and an object that does not exist give the same error. Throws
  // if `text` is no sturdy ref.
  template <typename I>
  Ref<I> restore(const SturdyRef& ref) {
    return Ref<I>(restoreHook(ref));
  }
  template <typename I>
  Ref<I> restore(kj::StringPtr text) {
    return restore<I>(SturdyRef::parse(text));
  }

  // Makes the sturdy refs to an object of a restorer that have been saved until now worthless. What
  // connected vats hold of the object already they keep, and so do this vat's own records. Resolves
  // once that will be remembered.
  [[nodiscard]] kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key);

  // The outcome of the durable call `id`, whoever made it and wherever it runs, as long as that vat
  // uses the same store as this one. T is the struct of the method's results. Breaks as the call
  // did, and with FAILED if there is none of that id, or this vat has no store.
  template <typename T>
  Promise<T> attach(kj::StringPtr id) {
    return asPromise(attachCall(id).then([](kj::Own<_::Message>&& results) {
      return _::Recorded<Owned<T>>::read(kj::mv(results));
    }));
  }

  // Cancels a durable call that is recorded in this vat's store, and the calls that it has made, if
  // they are recorded there too. Whoever waits for it learns of it at once, a vat that works on it
  // in a third of its lease at the latest. Resolves when that is recorded; if the call has settled
  // already, it stays as it is.
  [[nodiscard]] kj::Promise<void> cancel(kj::StringPtr id, kj::StringPtr reason);

  // This vat as the keeper of what can be restored.
  ObjectHost& getObjectHost();

  // Listens on host:port, *:port or unix:/path until the vat shuts down. Gives the port: with port
  // 0 the one that the system chose, and 0 for a Unix socket.
  [[nodiscard]] kj::Promise<uint> listen(kj::StringPtr address, ListenOptions options = {});

  // Serves one connected stream.
  void accept(kj::Own<kj::AsyncIoStream> stream);

  // Serves until SIGINT, SIGTERM or shutdown(), then drains.
  void run();

  // The same, listening on `address` first.
  void run(kj::StringPtr address);

  // Stops listening, refuses new calls with DISCONNECTED, lets those that peers have made go on for
  // at most `deadline`, and closes all connections once what they have to say is written. Resolves
  // when it is done; the vat connects and listens no more.
  [[nodiscard]] kj::Promise<void> shutdown(kj::Duration deadline);

  kj::WaitScope& waitScope();
  operator kj::WaitScope&() { return waitScope(); }
  kj::Timer& timer();
  kj::Network& network();
  Loop& loop();

  // A promise for fn(), which runs on a thread of libuv's pool: for work that blocks, or that keeps
  // a core busy for long, either of which would hold up everything else in this vat. What it throws
  // breaks the promise. The pool has 4 threads (UV_THREADPOOL_SIZE says otherwise) and is shared by
  // the whole program, name look-ups included; functions start in the order in which they were
  // given, as threads become free.
  //
  // `fn` must not touch this vat, its promises or its refs. It and its value are destroyed in this
  // thread. Dropping the promise cancels a function that has not started; one that runs goes on,
  // and its value is dropped, so it must own what it uses. The vat's destructor waits for it.
  template <typename Fn>
  kj::Promise<std::invoke_result_t<Fn&>> offload(Fn fn) {
    using Work = _::WorkOf<Fn>;
    return offloadWork(kj::heap<Work>(kj::mv(fn))).then([](kj::Own<_::Work>&& work) {
      return kj::mv(static_cast<Work&>(*work).outcome).toPromise();
    });
  }

  // What went over this vat's connections.
  Traffic getTraffic() const;

private:
  struct Impl;
  kj::Own<Impl> impl;

  kj::Own<capnp::ClientHook> connectHook(kj::StringPtr address);
  kj::Own<capnp::ClientHook> connectHook(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr name);
  Vat& serveClient(kj::StringPtr name, capnp::Capability::Client client);
  kj::Own<_::RestorerHook> addRestorer(kj::StringPtr name, _::MakeServer make);
  kj::Own<capnp::ClientHook> restoreHook(const SturdyRef& ref);
  kj::Promise<kj::Own<_::Message>> attachCall(kj::StringPtr id);
  kj::Promise<kj::Own<_::Work>> offloadWork(kj::Own<_::Work> work);
};

}  // namespace troth

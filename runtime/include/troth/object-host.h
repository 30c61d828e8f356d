#pragma once
// An ObjectHost is a vat as the keeper of objects that can be restored: those that it serves under
// a name and those that its restorers make. It is what a store of durable promises needs of a vat.

#include <capnp/capability.h>
#include <kj/async.h>

#include "sturdy-ref.h"

namespace troth {

class Durability;
class OutputGate;
class ServerBase;

class ObjectHost {
public:
  virtual ~ObjectHost() noexcept(false) {}

  // The sturdy ref of `object`, for a record of this vat's own: relative and without a secret for
  // objects of this vat, and what Persistent.save gives for those of others. Waits until a promised
  // object is known. Breaks, saying which object and why, if it cannot be saved: with FAILED, or as
  // the call to the other vat did.
  virtual kj::Promise<kj::String> save(kj::Own<capnp::ClientHook> object) = 0;

  // The object behind a sturdy ref that save() gave, or behind any full one. Returns at once, with
  // a broken ref if it cannot be had.
  //
  // A relative ref without a secret is believed: pass on only what this vat itself has stored. For
  // text that somebody else may have written there is Vat::restore().
  virtual kj::Own<capnp::ClientHook> restore(kj::StringPtr text) = 0;

  // This vat's object at `name` and `key`, made by its restorer if need be. Breaks with FAILED if
  // there is none.
  virtual kj::Promise<kj::Own<capnp::ClientHook>> restoreHere(
      kj::StringPtr name, kj::StringPtr key) = 0;

  // What is served now: the names of objects and restorers, "/" for the main object.
  virtual kj::Array<kj::String> servedNames() = 0;

  // Resolves at the next change of that list. Breaks when the vat is gone.
  virtual kj::Promise<void> whenServedNamesChange() = 0;

  // What all that the vat says passes.
  virtual OutputGate& getOutputGate() = 0;

  // What records its calls; null if it has no store.
  virtual kj::Maybe<Durability&> getDurability() = 0;
};

namespace _ {

// Where a server object lives.
struct Home {
  ObjectHost& host;
  kj::String name;

  // Empty for an object that is served under its name.
  kj::String key;
};

// What a server object keeps of its home. It outlives the vat.
class HomeRecord {
public:
  virtual ~HomeRecord() noexcept(false) {}

  // Null once the vat is gone.
  virtual kj::Maybe<const Home&> find() const = 0;

  // The ref for others: full, with its secret.
  virtual kj::Promise<SturdyRef> publish() const = 0;

  // Gives `server` a home, unless it has one.
  static void assign(ServerBase& server, kj::Own<HomeRecord> record);
};

// The server object behind `object`, if that is a Troth server of this thread and no promise.
kj::Maybe<ServerBase&> findServer(capnp::ClientHook& object);

}  // namespace _
}  // namespace troth

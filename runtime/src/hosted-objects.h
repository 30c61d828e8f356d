#pragma once
// What others can get from a vat: its named objects and those of its restorers, and the sturdy refs
// to them.

#include <kj/vector.h>
#include <troth/object-host.h>
#include <troth/output-gate.h>
#include <troth/sturdy-secrets.h>

#include "restored-objects.h"
#include "sturdy-secret.h"

namespace troth {

// May outlive its vat: the homes of its objects refer to it.
class HostedObjects final: public ObjectHost, public kj::Refcounted {
public:
  // Gives the object of that name of the vat at `host`.
  using Connect = kj::Function<kj::Own<capnp::ClientHook>(kj::StringPtr host, kj::StringPtr name)>;

  struct Options {
    kj::StringPtr publicAddress;
    kj::ArrayPtr<const kj::byte> sturdyKey;

    // Must outlive the vat. Without them, those of the store are used, or revocations are kept in
    // memory.
    kj::Maybe<SturdySecrets&> secrets;
    kj::Own<SturdySecrets> secretsOfStore;
  };

  HostedObjects(Options options, Connect connect);

  // Makes `client` the object of that name; the empty name is the main object.
  void serve(kj::StringPtr name, capnp::Capability::Client client);

  kj::Own<_::RestorerHook> addRestorer(kj::StringPtr name, _::MakeServer make);

  // What a peer asks for by `name`: that of a named object, or a path with a secret.
  capnp::Capability::Client getObject(kj::StringPtr name);

  // The object behind `ref`, whoever has given it to us.
  kj::Own<capnp::ClientHook> restoreGiven(const SturdyRef& ref);

  kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key);

  // The ref that others restore an object of this vat by.
  kj::Promise<SturdyRef> publish(const _::Home& home);

  // Drops all objects, for the vat is gone. None is restored after this.
  void close();
  bool isClosed() const { return closed; }

  kj::Promise<kj::String> save(kj::Own<capnp::ClientHook> object) override;
  kj::Own<capnp::ClientHook> restore(kj::StringPtr text) override;
  kj::Promise<kj::Own<capnp::ClientHook>> restoreHere(
      kj::StringPtr name, kj::StringPtr key) override;
  kj::Array<kj::String> servedNames() override;
  kj::Promise<void> whenServedNamesChange() override;
  OutputGate& getOutputGate() override { return gate; }
  kj::Maybe<Durability&> getDurability() override { return durability; }

  // It is gone before the vat.
  void setDurability(kj::Maybe<Durability&> d) { durability = d; }

private:
  kj::String publicAddress;
  OutputGate gate;
  kj::Maybe<Durability&> durability;
  kj::Own<SturdySecrets> ownSecrets;
  SturdySecrets& secrets;

  // Null until it is needed, if it is that of the secrets.
  kj::Own<SturdyKey> key;
  Connect connect;
  kj::HashMap<kj::String, capnp::Capability::Client> named;
  kj::Own<RestoredObjects> restored;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waiting;
  bool closed = false;

  // The generation of the refs to an object, once the key is there too.
  kj::Promise<uint64_t> getGeneration(kj::StringPtr name, kj::StringPtr key);
  kj::Promise<void> getKey();

  void setHome(ServerBase& server, kj::StringPtr name, kj::StringPtr key);
  void namesChanged();

  kj::Maybe<kj::Own<capnp::ClientHook>> findNamed(kj::StringPtr name);
  kj::Maybe<kj::StringPtr> findNameOf(capnp::ClientHook& object);
  kj::Own<capnp::ClientHook> getHere(kj::StringPtr name, kj::StringPtr key);
  kj::Own<capnp::ClientHook> verifyAndGet(const SturdyRef& ref);
  kj::Promise<kj::String> saveKnown(kj::Own<capnp::ClientHook> object);
};

}  // namespace troth

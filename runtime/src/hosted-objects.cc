#include "hosted-objects.h"

#include <kj/debug.h>
#include <troth/peers.h>

#include <set>
#include <string>

#include "sturdy-path.h"

namespace troth {
namespace {

constexpr kj::StringPtr MAIN_OBJECT = "/"_kj;

kj::Exception vatGone() { return KJ_EXCEPTION(DISCONNECTED, "the vat is gone"); }

class HomeInVat final: public _::HomeRecord {
public:
  HomeInVat(kj::Own<HostedObjects> objectsParam, kj::StringPtr name, kj::StringPtr key)
      : objects(kj::mv(objectsParam)), home{*objects, kj::str(name), kj::str(key)} {}

  kj::Maybe<const _::Home&> find() const override {
    if (objects->isClosed()) return nullptr;
    return home;
  }
  kj::Promise<SturdyRef> publish() const override { return objects->publish(home); }

private:
  mutable kj::Own<HostedObjects> objects;
  _::Home home;
};

class RestorerInVat final: public _::RestorerHook, public kj::Refcounted {
public:
  RestorerInVat(kj::Own<RestoredObjects> objects, kj::StringPtr name)
      : objects(kj::mv(objects)), name(kj::str(name)) {}

  kj::Own<capnp::ClientHook> get(kj::StringPtr key) override { return objects->get(name, key); }
  kj::Own<RestorerHook> addRef() override { return kj::addRef(*this); }

private:
  kj::Own<RestoredObjects> objects;
  kj::String name;
};

// What `object` leads to as far as is known now.
capnp::ClientHook& innermost(capnp::ClientHook& object) {
  auto* hook = &object;
  for (;;) {
    KJ_IF_MAYBE(next, hook->getResolved()) {
      hook = next;
    } else {
      return *hook;
    }
  }
}

// `object` once it is no promise. Breaks if it is broken.
kj::Promise<kj::Own<capnp::ClientHook>> whenKnown(kj::Own<capnp::ClientHook> object) {
  auto& inner = innermost(*object);
  if (_::Peers::isLocal(inner.getBrand())) return inner.addRef();
  KJ_IF_MAYBE(more, inner.whenMoreResolved()) {
    return more->attach(kj::mv(object)).then([](kj::Own<capnp::ClientHook>&& next) {
      return whenKnown(kj::mv(next));
    });
  }
  return inner.addRef();
}

// One error for a wrong secret and for an object that is not there: nobody learns of objects by
// guessing.
kj::Exception noSuchObject(const SturdyRef& ref) {
  return KJ_EXCEPTION(FAILED,
      "this vat has no object of that name and key, or the secret of the sturdy ref is not valid",
      ref.name, ref.key);
}

// UNIMPLEMENTED would tell the caller to ask in another way.
kj::Exception cannotSave(const kj::Exception& reason, kj::StringPtr whose) {
  auto type = reason.getType();
  if (type == kj::Exception::Type::UNIMPLEMENTED) type = kj::Exception::Type::FAILED;
  return kj::Exception(
      type, __FILE__, __LINE__, kj::str("an object of ", whose, " vat: ", reason.getDescription()));
}

kj::Exception noSuchName(kj::StringPtr name) {
  if (name.size() == 0) return KJ_EXCEPTION(FAILED, "this vat serves no main object");
  return KJ_EXCEPTION(FAILED, "this vat serves no object of that name", name);
}

}  // namespace

HostedObjects::HostedObjects(Options options, Connect connectParam)
    : publicAddress(kj::str(options.publicAddress)),
      ownSecrets(options.secretsOfStore.get() == nullptr ? newMemorySecrets()
                                                         : kj::mv(options.secretsOfStore)),
      secrets(options.secrets.orDefault(*ownSecrets)),
      connect(kj::mv(connectParam)),
      restored(
          kj::refcounted<RestoredObjects>([this](ServerBase& server, kj::StringPtr name,
                                              kj::StringPtr key) { setHome(server, name, key); })) {
  if (options.sturdyKey.size() > 0) key = kj::heap<SturdyKey>(options.sturdyKey);
}

kj::Promise<void> HostedObjects::getKey() {
  if (key.get() != nullptr) return kj::READY_NOW;
  return secrets.getKey().then([self = kj::addRef(*this)](kj::Array<kj::byte>&& bytes) mutable {
    // Of several who asked at once, the first counts.
    if (self->key.get() == nullptr) self->key = kj::heap<SturdyKey>(bytes);
  });
}

kj::Promise<uint64_t> HostedObjects::getGeneration(kj::StringPtr name, kj::StringPtr key) {
  if (closed) return vatGone();
  return getKey().then([self = kj::addRef(*this), name = kj::str(name),
                           key = kj::str(key)]() mutable -> kj::Promise<uint64_t> {
    if (self->closed) return vatGone();
    return self->secrets.getGeneration(name, key);
  });
}

void HostedObjects::setHome(ServerBase& server, kj::StringPtr name, kj::StringPtr key) {
  _::HomeRecord::assign(server, kj::heap<HomeInVat>(kj::addRef(*this), name, key));
}

void HostedObjects::serve(kj::StringPtr name, capnp::Capability::Client client) {
  named.upsert(kj::str(name), kj::mv(client));
  findNamed(name);
  namesChanged();
}

kj::Own<_::RestorerHook> HostedObjects::addRestorer(kj::StringPtr name, _::MakeServer make) {
  KJ_REQUIRE(name.size() > 0, "a restorer has no name");
  restored->add(name, kj::mv(make));
  namesChanged();
  return kj::refcounted<RestorerInVat>(kj::addRef(*restored), name);
}

// Tells the object where it lives, if it did not know: it may have been a promise until now.
kj::Maybe<kj::Own<capnp::ClientHook>> HostedObjects::findNamed(kj::StringPtr name) {
  KJ_IF_MAYBE(client, named.find(name)) {
    auto hook = capnp::ClientHook::from(*client);
    KJ_IF_MAYBE(server, _::findServer(*hook)) setHome(*server, name, "");
    return kj::mv(hook);
  }
  return nullptr;
}

// For objects of stock servers, which do not know where they live.
kj::Maybe<kj::StringPtr> HostedObjects::findNameOf(capnp::ClientHook& object) {
  for (auto& entry: named) {
    auto hook = capnp::ClientHook::from(entry.value);
    if (&innermost(*hook) == &object) return entry.key.asPtr();
  }
  return nullptr;
}

capnp::Capability::Client HostedObjects::getObject(kj::StringPtr name) {
  KJ_IF_MAYBE(object, findNamed(name)) return capnp::Capability::Client(kj::mv(*object));
  KJ_IF_MAYBE(ref, _::parseObjectName(name)) {
    return capnp::Capability::Client(verifyAndGet(*ref));
  }
  return noSuchName(name);
}

kj::Own<capnp::ClientHook> HostedObjects::getHere(kj::StringPtr name, kj::StringPtr key) {
  if (key.size() > 0) return restored->get(name, key);
  KJ_IF_MAYBE(object, findNamed(name)) return kj::mv(*object);
  return capnp::newBrokenCap(noSuchName(name));
}

kj::Own<capnp::ClientHook> HostedObjects::verifyAndGet(const SturdyRef& ref) {
  if (ref.key.size() == 0) return getHere(ref.name, ref.key);
  if (!restored->has(ref.name) || ref.secret.size() != SturdyKey::SECRET_CHARS) {
    return capnp::newBrokenCap(noSuchObject(ref));
  }
  auto found =
      getGeneration(ref.name, ref.key)
          .then([self = kj::addRef(*this), ref = ref.clone()](uint64_t generation) mutable {
            if (!self->key->verify(ref.secret, ref.name, ref.key, generation)) {
              kj::throwFatalException(noSuchObject(ref));
            }
            return self->restored->get(ref.name, ref.key);
          });
  return capnp::newLocalPromiseClient(kj::mv(found));
}

kj::Own<capnp::ClientHook> HostedObjects::restoreGiven(const SturdyRef& ref) {
  if (ref.host.size() == 0 || ref.host == publicAddress) return verifyAndGet(ref);
  if (closed) return capnp::newBrokenCap(vatGone());
  return connect(ref.host, _::objectName(ref));
}

kj::Promise<void> HostedObjects::revoke(kj::StringPtr name, kj::StringPtr key) {
  if (key.size() == 0) {
    return KJ_EXCEPTION(FAILED, "only refs to the objects of restorers can be revoked", name);
  }
  if (closed) return vatGone();
  return secrets.revoke(name, key);
}

kj::Promise<SturdyRef> HostedObjects::publish(const _::Home& home) {
  KJ_REQUIRE(!closed, "the vat of this object is gone");
  KJ_REQUIRE(publicAddress.size() > 0,
      "this vat does not know by which address others reach it: set VatOptions::publicAddress");
  SturdyRef ref{kj::str(publicAddress), kj::str(home.name), kj::str(home.key), {}};
  if (ref.key.size() == 0) return kj::mv(ref);
  return getGeneration(ref.name, ref.key)
      .then([self = kj::addRef(*this), ref = ref.clone()](uint64_t generation) mutable {
        ref.secret = self->key->sign(ref.name, ref.key, generation);
        return kj::mv(ref);
      });
}

kj::Promise<kj::String> HostedObjects::save(kj::Own<capnp::ClientHook> object) {
  return whenKnown(kj::mv(object))
      .then([self = kj::addRef(*this)](kj::Own<capnp::ClientHook>&& known) mutable {
        return self->saveKnown(kj::mv(known));
      });
}

kj::Promise<kj::String> HostedObjects::saveKnown(kj::Own<capnp::ClientHook> object) {
  KJ_REQUIRE(!object->isNull(), "a null ref cannot be saved");
  KJ_IF_MAYBE(server, _::findServer(*object)) {
    KJ_IF_MAYBE(home, server->getHome()) {
      if (&home->host == this) {
        return SturdyRef{{}, kj::str(home->name), kj::str(home->key), {}}.toText();
      }
    }
  }
  bool isLocal = _::Peers::isLocal(object->getBrand());
  if (isLocal) {
    KJ_IF_MAYBE(name, findNameOf(*object)) {
      return SturdyRef{{}, kj::str(*name), {}, {}}.toText();
    }
  }
  return _::saveObject(kj::mv(object))
      .then([](SturdyRef&& ref) { return ref.toText(); },
          [isLocal](kj::Exception&& exception) -> kj::String {
            kj::throwFatalException(cannotSave(exception, isLocal ? "this" : "another"));
          });
}

kj::Own<capnp::ClientHook> HostedObjects::restore(kj::StringPtr text) {
  kj::Own<capnp::ClientHook> result;
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                auto ref = SturdyRef::parse(text);
                bool isOwnRecord = ref.host.size() == 0 && ref.secret.size() == 0;
                result = isOwnRecord ? getHere(ref.name, ref.key) : restoreGiven(ref);
              })) {
    return capnp::newBrokenCap(kj::mv(*exception));
  }
  return result;
}

kj::Promise<kj::Own<capnp::ClientHook>> HostedObjects::restoreHere(
    kj::StringPtr name, kj::StringPtr key) {
  return whenKnown(getHere(name, key));
}

kj::Array<kj::String> HostedObjects::servedNames() {
  std::set<std::string> names;
  for (auto& entry: named) names.insert((entry.key.size() == 0 ? MAIN_OBJECT : entry.key).cStr());
  restored->eachName([&](kj::StringPtr name) { names.insert(name.cStr()); });
  return KJ_MAP(name, names) { return kj::str(name); };
}

kj::Promise<void> HostedObjects::whenServedNamesChange() {
  if (closed) return vatGone();
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> open;
  for (auto& fulfiller: waiting) {
    if (fulfiller->isWaiting()) open.add(kj::mv(fulfiller));
  }
  auto next = kj::newPromiseAndFulfiller<void>();
  open.add(kj::mv(next.fulfiller));
  waiting = kj::mv(open);
  return kj::mv(next.promise);
}

void HostedObjects::namesChanged() {
  auto told = kj::mv(waiting);
  for (auto& fulfiller: told) fulfiller->fulfill();
}

void HostedObjects::close() {
  closed = true;
  for (auto& fulfiller: waiting) {
    fulfiller->reject(vatGone());
  }
  waiting.clear();
  restored->close();
  auto objects = kj::mv(named);
  named = {};
}

}  // namespace troth

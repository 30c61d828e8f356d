#include "store-secrets.h"

#include <kj/debug.h>
#include <kj/encoding.h>
#include <sys/random.h>
#include <troth/stored-message.h>

namespace troth {
namespace {

constexpr kj::StringPtr TAG = "troth"_kj;
constexpr size_t KEY_BYTES = 32;

// Refs to one object that can be revoked one after the other.
constexpr uint64_t GENERATIONS_MAX = 1000;

class StoreSecrets final: public SturdySecrets {
public:
  explicit StoreSecrets(Store& store): store(store) {}

  kj::Promise<kj::Array<kj::byte>> getKey() override {
    auto found = co_await store.find(keyId());
    if (found == nullptr) {
      co_await makeKey();
      found = co_await store.find(keyId());
    }
    auto& record = KJ_REQUIRE_NONNULL(found, "the key of the store's sturdy refs was deleted");
    StoredMessage message(record.call.params);
    co_return kj::heapArray<kj::byte>(message.content().getAs<capnp::Data>());
  }

  kj::Promise<uint64_t> getGeneration(kj::StringPtr nameParam, kj::StringPtr keyParam) override {
    auto path = pathOf(nameParam, keyParam);
    for (uint64_t generation = 0; generation < GENERATIONS_MAX; ++generation) {
      auto revoked = co_await store.find(idOf(path, generation));
      if (revoked == nullptr) co_return generation;
    }
    KJ_FAIL_REQUIRE("the refs to this object have been revoked too often", path, GENERATIONS_MAX);
  }

  kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key) override {
    auto path = pathOf(name, key);
    auto generation = co_await getGeneration(name, key);
    co_await store.create({.id = idOf(path, generation), .tags = kj::arr(kj::str(TAG))});
  }

private:
  Store& store;

  // Of several vats that make one at once, the first counts.
  kj::Promise<void> makeKey() {
    auto key = kj::heapArray<kj::byte>(KEY_BYTES);
    KJ_SYSCALL(getrandom(key.begin(), key.size(), 0));
    StoredMessageBuilder message;
    message.content().setAs<capnp::Data>(key);
    CreateRequest request{.id = keyId(), .tags = kj::arr(kj::str(TAG))};
    request.call.params = message.finish();
    return store.create(kj::mv(request)).ignoreResult().catch_([](kj::Exception&& exception) {
      if (exception.getType() != kj::Exception::Type::FAILED) {
        kj::throwFatalException(kj::mv(exception));
      }
    });
  }

  static kj::String keyId() { return kj::str(OWN_IDS, "sturdy-key"); }

  static kj::String pathOf(kj::StringPtr name, kj::StringPtr key) {
    return kj::str(kj::encodeUriComponent(name), '/', kj::encodeUriComponent(key));
  }

  static kj::String idOf(kj::StringPtr path, uint64_t generation) {
    return kj::str(OWN_IDS, "revoked/", path, '/', generation);
  }
};

}  // namespace

kj::Own<SturdySecrets> newStoreSecrets(Store& store) { return kj::heap<StoreSecrets>(store); }

}  // namespace troth

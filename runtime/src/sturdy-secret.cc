#include "sturdy-secret.h"

#include <kj/debug.h>
#include <kj/encoding.h>
#include <kj/map.h>
#include <kj/vector.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <troth/sturdy-secrets.h>

#include "sturdy-path.h"

namespace troth {
namespace {

constexpr size_t HMAC_BYTES = 32;

// Parts, each with its length before it: no two rows of parts have the same bytes.
class Signed {
public:
  void addNumber(uint64_t number) {
    for (size_t i = 0; i < sizeof(number); ++i) bytes.add((number >> (8 * i)) & 0xff);
  }
  void add(kj::StringPtr text) {
    addNumber(text.size());
    bytes.addAll(text.asBytes());
  }

  kj::Vector<kj::byte> bytes;
};

class MemorySecrets final: public SturdySecrets {
public:
  kj::Promise<uint64_t> getGeneration(kj::StringPtr name, kj::StringPtr key) override {
    KJ_IF_MAYBE(generation, generations.find(_::pathOf(name, key))) return *generation;
    return uint64_t(0);
  }
  kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key) override {
    ++generations.findOrCreate(_::pathOf(name, key), [&]() {
      return kj::HashMap<kj::String, uint64_t>::Entry{_::pathOf(name, key), 0};
    });
    return kj::READY_NOW;
  }

private:
  kj::HashMap<kj::String, uint64_t> generations;
};

}  // namespace

kj::Own<SturdySecrets> newMemorySecrets() { return kj::heap<MemorySecrets>(); }

SturdyKey::SturdyKey(kj::ArrayPtr<const kj::byte> given) {
  if (given.size() == 0) {
    bytes = kj::heapArray<kj::byte>(BYTES_MIN);
    KJ_REQUIRE(RAND_bytes(bytes.begin(), bytes.size()) == 1, "OpenSSL has no random bytes");
  } else {
    KJ_REQUIRE(
        given.size() >= BYTES_MIN, "VatOptions::sturdyKey is too short", given.size(), BYTES_MIN);
    bytes = kj::heapArray(given);
  }
}

SturdyKey::~SturdyKey() noexcept(false) { OPENSSL_cleanse(bytes.begin(), bytes.size()); }

kj::String SturdyKey::sign(kj::StringPtr name, kj::StringPtr key, uint64_t generation) const {
  Signed parts;
  parts.add(name);
  parts.add(key);
  parts.addNumber(generation);
  kj::byte hmac[HMAC_BYTES];
  uint size = 0;
  auto made = HMAC(EVP_sha256(), bytes.begin(), bytes.size(), parts.bytes.begin(),
      parts.bytes.size(), hmac, &size);
  KJ_REQUIRE(made != nullptr && size == HMAC_BYTES, "OpenSSL cannot compute HMAC-SHA-256");
  return kj::encodeBase64Url(kj::arrayPtr(hmac, SECRET_BYTES));
}

bool SturdyKey::verify(
    kj::StringPtr secret, kj::StringPtr name, kj::StringPtr key, uint64_t generation) const {
  auto expected = sign(name, key, generation);
  return secret.size() == expected.size() &&
      CRYPTO_memcmp(secret.begin(), expected.begin(), expected.size()) == 0;
}

}  // namespace troth

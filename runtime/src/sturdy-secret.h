#pragma once
// The secrets in sturdy refs.

#include <kj/array.h>
#include <kj/string.h>

#include <cstdint>

namespace troth {

// What a vat signs its sturdy refs with.
class SturdyKey final {
public:
  static constexpr size_t BYTES_MIN = 32;
  static constexpr size_t SECRET_BYTES = 16;

  // How long the text of a secret is.
  static constexpr size_t SECRET_CHARS = 22;

  // A copy of `bytes`, which are BYTES_MIN at least; random ones if there are none.
  explicit SturdyKey(kj::ArrayPtr<const kj::byte> bytes);
  ~SturdyKey() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(SturdyKey);

  // The secret for one generation of refs to an object: the first 128 bits of an HMAC-SHA-256, in
  // base64url.
  kj::String sign(kj::StringPtr name, kj::StringPtr key, uint64_t generation) const;

  // Whether `secret` is that. How long this takes does not depend on how much of it is right.
  bool verify(
      kj::StringPtr secret, kj::StringPtr name, kj::StringPtr key, uint64_t generation) const;

private:
  kj::Array<kj::byte> bytes;
};

}  // namespace troth

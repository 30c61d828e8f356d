#pragma once
// SturdySecrets remember what the secrets of sturdy refs are made of, and which refs have been
// revoked.
//
// The secret of a sturdy ref is made from the vat's key, the object's name and key, and a number:
// the object's generation. Revoking an object's refs raises that.

#include <kj/array.h>
#include <kj/async.h>
#include <kj/string.h>

namespace troth {

class SturdySecrets {
public:
  virtual ~SturdySecrets() noexcept(false) {}

  // The key of a vat that was given none, the same for all that share these: 32 bytes or more.
  // Without any, the vat chooses one. Asked for once.
  virtual kj::Promise<kj::Array<kj::byte>> getKey() { return kj::Array<kj::byte>(); }

  // How often the refs of the object have been revoked.
  virtual kj::Promise<uint64_t> getGeneration(kj::StringPtr name, kj::StringPtr key) = 0;

  // Raises the generation of the object. Resolves once that will be remembered.
  virtual kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key) = 0;
};

// Secrets that are forgotten with the process: refs that were revoked in an earlier one can be
// restored again if the vat has the same key.
kj::Own<SturdySecrets> newMemorySecrets();

}  // namespace troth

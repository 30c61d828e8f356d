#pragma once
// SturdySecrets remember which sturdy refs have been revoked.
//
// The secret of a sturdy ref is made from the vat's key, the object's name and key, and a number:
// the object's generation. Revoking an object's refs raises that.

#include <kj/async.h>
#include <kj/string.h>

namespace troth {

class SturdySecrets {
public:
  virtual ~SturdySecrets() noexcept(false) {}

  // How often the refs of the object have been revoked.
  virtual kj::Promise<uint64_t> getGeneration(kj::StringPtr name, kj::StringPtr key) = 0;

  // Raises the generation of the object. Resolves once that will be remembered.
  virtual kj::Promise<void> revoke(kj::StringPtr name, kj::StringPtr key) = 0;
};

// Secrets that are forgotten with the process: refs that were revoked in an earlier one can be
// restored again if the vat has the same key.
kj::Own<SturdySecrets> newMemorySecrets();

}  // namespace troth

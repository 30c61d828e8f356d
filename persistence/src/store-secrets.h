#pragma once
// What the sturdy refs of all vats with one store have in common, kept in that store: pending
// promises, which nothing prunes.

#include <troth/store.h>

namespace troth {

// What the ids of its records begin with.
constexpr kj::StringPtr OWN_IDS = "troth:"_kj;

// `store` must outlive the result.
kj::Own<SturdySecrets> newStoreSecrets(Store& store);

}  // namespace troth

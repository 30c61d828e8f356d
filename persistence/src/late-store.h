#pragma once
// A LateStore is opened when it is used first, for one that is made before the Loop that it is to
// live on: as an option of the vat that makes the Loop.

#include <kj/function.h>
#include <troth/store.h>

namespace troth {

// `open` is called at most once, in the thread of a Loop.
kj::Own<Store> newLateStore(kj::Function<kj::Own<Store>()> open);

}  // namespace troth

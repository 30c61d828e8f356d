#pragma once
// The part of a sturdy ref that its vat reads. It travels as the name of the object.

#include <troth/sturdy-ref.h>

namespace troth::_ {

// name, or name/key, percent-encoded. Different objects have different paths.
kj::String pathOf(kj::StringPtr name, kj::StringPtr key);

// The name by which the vat of `ref` is asked for the object: that of a named object as it is, else
// name/key#secret.
kj::String objectName(const SturdyRef& ref);

// Reads name/key#secret; null if `objectName` is something else.
kj::Maybe<SturdyRef> parseObjectName(kj::StringPtr objectName);

}  // namespace troth::_

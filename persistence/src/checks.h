#pragma once
// Checks of what a program asks a store for, before anything runs. They throw FAILED with words.

#include "transition.h"

namespace troth {

// Also makes the request what a store keeps: times in whole microseconds, tags sorted, a digest.
Creation checked(CreateRequest&& request);
SettleRequest checked(SettleRequest&& request);
Transaction checked(TransactRequest&& request);

void checkId(kj::StringPtr id);
void checkTarget(kj::StringPtr target);
void checkOwner(kj::StringPtr owner);
void checkValue(kj::ArrayPtr<const kj::byte> value);
void checkTag(kj::StringPtr tag);
void checkLease(const LeaseRequest& lease);
void checkDelay(kj::Duration delay);

}  // namespace troth

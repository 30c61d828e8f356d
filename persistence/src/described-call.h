#pragma once
// What a recorded call is, for people.

#include <capnp/schema.h>
#include <troth/record.h>

namespace troth {

// In the words of `schema`, that of its object: `Bank.transfer(amount = 70) on "bank"`. Of long
// parameters the beginning is given.
kj::String describeCall(const CallRequest& call, capnp::InterfaceSchema schema);

// Breaks with FAILED, which shows both, if `asked` is not the call that `id` stands for. Of a call
// of another object nothing is shown.
void requireSameCall(kj::StringPtr id, const CallRequest& known, const CallRequest& asked,
    capnp::InterfaceSchema schema);

}  // namespace troth

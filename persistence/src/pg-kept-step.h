#pragma once
// A kept step is the record of a step in the row of the call that made it, beside the call's own.
// It has no row, which saves a call with one step a third of its rows and of its log; see
// docs/decisions/014-steps-in-the-row-of-their-call.md.
//
// A step is kept if it is recorded in the same transaction as the outcome of its call. To readers
// it is a record like any other: the view troth.kept_steps shows it as its row would be.

#include <troth/record.h>

namespace troth::pg {

// How long after its call a kept step was made at most. Searches, which go by the time at which a
// call was made, look so far back for the steps that were made later.
constexpr auto KEPT_STEP_AGE_MAX = 200 * kj::MILLISECONDS;

// The call whose row may keep the record `id`: "order" for "order.7". Null if `id` is none that a
// call gives its children.
kj::Maybe<kj::String> findKeeper(kj::StringPtr id);

// The number of such a record: 7.
int32_t stepNumberOf(kj::StringPtr id);

// Whether the row of `call`, which is about to be written, can keep `step`, which is about to be
// made: both are fulfilled, the row says all that there is to say of the step, and the call is
// under its first lease, so that no other run of it has recorded the step.
bool canKeep(const Record& call, const Record& step);

}  // namespace troth::pg

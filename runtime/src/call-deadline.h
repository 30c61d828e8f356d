#pragma once
// How deadlines are kept: those of calls that this thread makes, and those of calls that it serves.

#include <kj/async.h>
#include <kj/time.h>
#include <troth/inherited.h>
#include <troth/object.capnp.h>
#include <troth/pending-call.h>

namespace troth::_ {

// The deadline of a pending call, and the timer that ends the call.
class CallDeadline {
public:
  // Throws if this thread has no Loop.
  CallDeadline(PendingCall& call, const Deadline& deadline);
  KJ_DISALLOW_COPY_AND_MOVE(CallDeadline);

  kj::TimePoint getEnd() const { return end; }
  bool hasPassed() const;

  // What the call breaks with.
  kj::Exception makeError() const;

  // Whether an object of this vat that serves Object has refused the call in that form.
  bool refusedHere = false;

private:
  kj::TimePoint end;
  kj::Maybe<kj::Duration> limit;
  kj::Promise<void> timer;
};

// Nanoseconds until `end`, for CallOptions: at least one.
uint64_t timeLeftUntil(kj::TimePoint end);

// What a call that came with `options` passes on. Nothing if this thread has no Loop, and so cannot
// tell the time.
Inherited readDeadline(wire::CallOptions::Reader options);

// Settles as `work` does. Drops it and breaks when `deadline` passes.
kj::Promise<void> bounded(kj::Promise<void> work, const Inherited& deadline);

// Settles as `work` does. Drops it and breaks when that takes longer than calls may wait for their
// arguments (Limits::argumentWait). Never breaks if this thread has no Loop.
kj::Promise<void> boundedWait(kj::Promise<void> work);

}  // namespace troth::_

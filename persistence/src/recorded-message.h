#pragma once
// How parameters, results and values of steps become stored messages, and live again: objects in
// them are stored as sturdy refs.

#include <kj/async.h>
#include <troth/durability.h>
#include <troth/record.h>

#include "transition.h"

namespace troth {

using Bytes = kj::Array<const kj::byte>;

// `key` is which object of a restorer is called, or empty. Waits for promised objects. Breaks if an
// object cannot be saved.
kj::Promise<Bytes> recordMessage(_::Message& message, kj::StringPtr key, ObjectHost& host);

// What a part of a durable call asks for, for its record: "step charge".
Bytes recordStep(kj::StringPtr what);

struct RecordedMessage {
  kj::Own<_::Message> message;
  kj::String key;
  kj::String step;
};

// Objects in it are connected to again, or broken. Throws FAILED if `bytes` are no stored message.
RecordedMessage readRecorded(kj::ArrayPtr<const kj::byte> bytes, ObjectHost& host);

// The same messages, which share no memory.
kj::Own<_::Message> copyOf(_::Message& message);

// What a settled promise came to: the value, or it throws the error.
kj::Own<_::Message> outcomeOf(const Record& record, ObjectHost& host);
kj::Exception exceptionOf(const Record& record);

// The same for a caller, whose vat must not ask again for what is recorded.
kj::Own<_::Message> answerOf(const Record& record, ObjectHost& host);

inline bool cameTo(const Record& record, const Settlement& settlement) {
  return hasOutcome(record, settlement.state, settlement.value, settlement.error);
}

// How a promise settles that breaks with `exception`.
Settlement rejectionFor(const kj::Exception& exception);

}  // namespace troth

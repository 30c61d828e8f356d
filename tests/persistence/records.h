#pragma once
// Records and requests that the tests of stores and of their rules are made of.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <kj/encoding.h>
#include <troth/store.h>

#include <string>

namespace troth {

constexpr auto MICROSECOND = 1 * kj::MICROSECONDS;

inline kj::Array<const kj::byte> bytesOf(kj::StringPtr text) {
  return kj::heapArray<kj::byte>(text.asBytes());
}

inline kj::String showTime(kj::Date time) {
  return kj::str((time - kj::UNIX_EPOCH) / kj::MICROSECONDS);
}

inline kj::String showTime(const kj::Maybe<kj::Date>& time) {
  KJ_IF_MAYBE(t, time) return showTime(*t);
  return kj::str("none");
}

inline kj::String showName(const kj::Maybe<kj::String>& name) {
  KJ_IF_MAYBE(n, name) return kj::str('"', *n, '"');
  return kj::str("none");
}

inline kj::String showOutcome(const Record& record) {
  auto value = kj::encodeHex(record.value);
  KJ_IF_MAYBE(error, record.error) return kj::str(value, error->type, ": ", error->text);
  return value;
}

inline kj::String showLease(const Record& record) {
  KJ_IF_MAYBE(lease, record.lease)
    return kj::str(lease->owner, " until ", showTime(lease->expires));
  return kj::str("none");
}

// All of a record but `awaited`, as text that can be compared and read.
inline std::string show(const Record& record) {
  auto& call = record.call;
  return kj::str(record.id, ": \"", call.target, "\" ", call.interfaceId, ' ', call.methodId, ' ',
      kj::encodeHex(call.params), ", digest ", kj::encodeHex(record.digest), ", parent ",
      showName(record.parent), ", root ", showName(record.root), ", deadline ",
      showTime(record.deadline), ", tags [", kj::strArray(record.tags, ","), "], created ",
      showTime(record.created), "; ", nameOf(record.state), ' ', showOutcome(record), ", settled ",
      showTime(record.settled), "; lease ", showLease(record), ", epoch ", record.epoch, ", due ",
      showTime(record.due))
      .cStr();
}

inline std::string show(const kj::Maybe<Record>& record) {
  KJ_IF_MAYBE(r, record) return show(*r);
  return "no record";
}

// What a function throws; fails the test if it throws nothing.
template <typename Action>
kj::Exception thrownBy(Action&& action) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions(action)) return kj::mv(*exception);
  ADD_FAILURE() << "nothing was thrown";
  return KJ_EXCEPTION(FAILED, "nothing was thrown");
}

#define EXPECT_MENTIONS(text, part) \
  EXPECT_NE(std::string((text).cStr()).find(part), std::string::npos) << "in: " << (text).cStr()

}  // namespace troth

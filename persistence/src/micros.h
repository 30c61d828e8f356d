#pragma once
// Stores keep times as whole microseconds since 1970, in a signed number of 64 bits.

#include <kj/time.h>

#include <cstdint>

namespace troth {

// The last time there is; the first is as long before 1970.
constexpr int64_t MICROS_MAX = INT64_MAX / 1000;

inline int64_t toMicros(kj::Date time) { return (time - kj::UNIX_EPOCH) / kj::MICROSECONDS; }
inline kj::Date fromMicros(int64_t micros) { return kj::UNIX_EPOCH + micros * kj::MICROSECONDS; }

// `time` as a store can keep it.
inline kj::Date wholeMicros(kj::Date time) { return fromMicros(toMicros(time)); }

// The first time that a store can keep which is not before `time`.
inline kj::Date wholeMicrosFrom(kj::Date time) {
  auto whole = toMicros(time);
  return fromMicros(fromMicros(whole) < time && whole < MICROS_MAX ? whole + 1 : whole);
}

}  // namespace troth

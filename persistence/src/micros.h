#pragma once
// Stores keep times as whole microseconds since 1970, in a signed number of 64 bits.

#include <kj/time.h>

namespace troth {

inline int64_t toMicros(kj::Date time) { return (time - kj::UNIX_EPOCH) / kj::MICROSECONDS; }
inline kj::Date fromMicros(int64_t micros) { return kj::UNIX_EPOCH + micros * kj::MICROSECONDS; }

// `time` as a store can keep it.
inline kj::Date wholeMicros(kj::Date time) { return fromMicros(toMicros(time)); }

}  // namespace troth

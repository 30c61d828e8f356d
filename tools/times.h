#pragma once
// Times and durations, as people write and read them.

#include <kj/one-of.h>
#include <kj/string.h>
#include <kj/time.h>

namespace troth::command {

// 500ms, 5s, 10m, 2h, 30d.
kj::Maybe<kj::Duration> findDuration(kj::StringPtr text);

// 2026-11-30, 2026-11-30T12:00Z, 2026-11-30T12:00:00.250+01:00. A day begins at midnight UTC.
kj::Maybe<kj::Date> findDate(kj::StringPtr text);

// A date, or a time that is so far from now.
using Moment = kj::OneOf<kj::Duration, kj::Date>;
kj::Maybe<Moment> findMoment(kj::StringPtr text);

kj::Date momentAfter(const Moment& moment, kj::Date now);
kj::Date momentBefore(const Moment& moment, kj::Date now);

// "2026-11-30T12:00:00Z", and with microseconds, which is what stores keep.
kj::String formatSeconds(kj::Date date);
kj::String formatMicros(kj::Date date);

// "350ms", "12s", "5m", "3h", "12d": the largest unit, rounded down.
kj::String formatDuration(kj::Duration duration);

// "5m ago" or "in 5m".
kj::String formatDistance(kj::Date date, kj::Date now);

constexpr kj::StringPtr DURATION_HINT =
    "a duration is a number with a unit: 500ms, 5s, 10m, 2h, 30d"_kj;
constexpr kj::StringPtr MOMENT_HINT =
    "a time is a duration from now (5m, 30d) or a date with its zone (2026-11-30T12:00:00Z)"_kj;

}  // namespace troth::command

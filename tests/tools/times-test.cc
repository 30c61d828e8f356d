#include "times.h"

#include <gtest/gtest.h>
#include <kj/debug.h>

namespace troth::command {
namespace {

kj::String dateIn(kj::StringPtr text) {
  KJ_IF_MAYBE(date, findDate(text)) return formatMicros(*date);
  return kj::str("none");
}

TEST(Times, DurationsHaveOneNumberAndOneUnit) {
  EXPECT_EQ(KJ_ASSERT_NONNULL(findDuration("500ms")), 500 * kj::MILLISECONDS);
  EXPECT_EQ(KJ_ASSERT_NONNULL(findDuration("5s")), 5 * kj::SECONDS);
  EXPECT_EQ(KJ_ASSERT_NONNULL(findDuration("10m")), 10 * kj::MINUTES);
  EXPECT_EQ(KJ_ASSERT_NONNULL(findDuration("2h")), 2 * kj::HOURS);
  EXPECT_EQ(KJ_ASSERT_NONNULL(findDuration("36500d")), 36500 * kj::DAYS);
  for (auto wrong: {"", "5", "s", "-5s", "5 s", "5s ", "1h30m", "1.5h", "5w", "36501d",
           "9999999999999999ms", "99999999999999999999s"}) {
    EXPECT_TRUE(findDuration(wrong) == nullptr) << wrong;
  }
}

TEST(Times, DatesNeedAZoneAndMustExist) {
  EXPECT_EQ(dateIn("2026-11-30T12:00:00Z"), "2026-11-30T12:00:00.000000Z");
  EXPECT_EQ(dateIn("2026-11-30 12:00Z"), "2026-11-30T12:00:00.000000Z");
  EXPECT_EQ(dateIn("2026-11-30"), "2026-11-30T00:00:00.000000Z");
  EXPECT_EQ(dateIn("2026-11-30T12:00:00.25+01:30"), "2026-11-30T10:30:00.250000Z");
  EXPECT_EQ(dateIn("2026-11-30T23:59:59.000001-0200"), "2026-12-01T01:59:59.000001Z");
  EXPECT_EQ(dateIn("2028-02-29"), "2028-02-29T00:00:00.000000Z");
  for (auto wrong: {"2026-02-29", "2026-13-01", "2026-11-00", "2026-11-30T12:00:00", "26-11-30",
           "2026-11-30T24:00Z", "2026-11-30T12:00:00.Z", "2026-11-30T12:00:00Zz", "1969-12-31",
           "2201-01-01", "now", ""}) {
    EXPECT_EQ(dateIn(wrong), "none") << wrong;
  }
}

TEST(Times, WhatIsWrittenCanBeReadAgain) {
  auto date = kj::UNIX_EPOCH + 1'795'731'637'420'968 * kj::MICROSECONDS;
  EXPECT_TRUE(KJ_ASSERT_NONNULL(findDate(formatMicros(date))) == date);
  EXPECT_EQ(formatSeconds(date), "2026-11-26T22:20:37Z");
}

TEST(Times, AMomentIsFarFromNowOrStandsForItself) {
  auto now = kj::UNIX_EPOCH + 1000 * kj::DAYS;
  auto week = KJ_ASSERT_NONNULL(findMoment("7d"));
  EXPECT_TRUE(momentAfter(week, now) == now + 7 * kj::DAYS);
  EXPECT_TRUE(momentBefore(week, now) == now - 7 * kj::DAYS);
  EXPECT_TRUE(momentBefore(KJ_ASSERT_NONNULL(findMoment("2000d")), now) == kj::UNIX_EPOCH);
  auto day = KJ_ASSERT_NONNULL(findMoment("1970-01-02"));
  EXPECT_TRUE(momentAfter(day, now) == kj::UNIX_EPOCH + 1 * kj::DAYS);
  EXPECT_TRUE(momentBefore(day, now) == kj::UNIX_EPOCH + 1 * kj::DAYS);
}

TEST(Times, DistancesAreShownInTheirLargestUnit) {
  EXPECT_EQ(formatDuration(0 * kj::SECONDS), "0ms");
  EXPECT_EQ(formatDuration(999 * kj::MILLISECONDS), "999ms");
  EXPECT_EQ(formatDuration(119 * kj::SECONDS), "1m");
  EXPECT_EQ(formatDuration(47 * kj::HOURS), "1d");
  auto now = kj::UNIX_EPOCH + 1000 * kj::DAYS;
  EXPECT_EQ(formatDistance(now + 5 * kj::MINUTES, now), "in 5m");
  EXPECT_EQ(formatDistance(now, now), "0ms ago");
  EXPECT_EQ(formatDistance(now - 3 * kj::HOURS, now), "3h ago");
}

}  // namespace
}  // namespace troth::command

// A deadline for a map: it ends the whole, wherever it runs.

#include "folder.h"

namespace troth {
namespace {

constexpr auto SOON = 1 * kj::MILLISECONDS;
constexpr auto LATE = 1 * kj::HOURS;

template <typename P>
void expectLate(P promise, Setting& s) {
  auto exception = kj::runCatchingExceptions([&]() { promise.wait(s); });
  KJ_IF_MAYBE(e, exception) {
    EXPECT_EQ(e->getType(), kj::Exception::Type::OVERLOADED);
    EXPECT_TRUE(e->getDescription().startsWith("the deadline of")) << e->getDescription().cStr();
  } else {
    ADD_FAILURE() << "expected a failure";
  }
}

// Gives what `start` makes longer and longer deadlines, until `files` of them have waited at once;
// then waits until none does.
template <typename Start>
void expectLateWhileOpen(int files, Setting& s, Start&& start) {
  for (auto limit = SOON; s.counts.openMax < files; limit *= 4) {
    expectLate(start().within(limit), s);
  }
  while (s.counts.open > 0) s.loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(s);
}

TEST(MapDeadline, EndsTheCallsOfItsSteps) {
  Setting s;
  auto folder = s.connect();
  expectLateWhileOpen(5, s, [&]() {
    return folder.list(5).entries().map([](auto entry) { return entry.file().hold().bytes(); });
  });
}

TEST(MapDeadline, EndsTheMapsInside) {
  Setting s;
  auto folder = s.connect();
  expectLateWhileOpen(3, s, [&]() {
    return folder.files(3).files().map([](auto file) {
      return file.children().files().map([](auto child) { return child.hold().bytes(); });
    });
  });
}

TEST(MapDeadline, EndsAMapThatRunsHere) {
  Setting s;
  auto folder = s.connect();
  auto entries = folder.list(5).entries();
  s.settle();
  expectLateWhileOpen(
      5, s, [&]() { return entries.map([](auto entry) { return entry.file().hold().bytes(); }); });
}

TEST(MapDeadline, CostsNoRoundTrip) {
  Setting s;
  auto folder = s.connect();
  auto sizes = folder.list(3).entries().within(LATE).map(
      [](auto entry) { return entry.file().size().bytes(); });
  EXPECT_EQ(sizes.within(LATE).wait(s).size(), 3u);
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(MapDeadline, IsNotForACallInTheBody) {
  Setting s;
  auto folder = s.connect();
  auto entries = folder.list(3).entries();
  EXPECT_THROW(
      (void)entries.map([](auto entry) { return entry.file().size().within(LATE).bytes(); }),
      kj::Exception);
}

}  // namespace
}  // namespace troth

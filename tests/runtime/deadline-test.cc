#include "testing.h"

namespace troth {
namespace {

TEST(StreamDeadline, BreaksACallThatHasNoRoom) {
  TwoVats vats;
  Ref<lab::Node> local = kj::heap<NodeServer>(vats.lab);
  auto push = local.push(1).within(1 * kj::MILLISECONDS);
  auto failure = describe(failureOf(kj::mv(push), vats));
  EXPECT_MENTIONS(failure, "the deadline of 1ms passed");
  EXPECT_MENTIONS(failure, "while calling Node.push");
}

TEST(StreamDeadline, LeavesAStreamAsItIs) {
  TwoVats vats;
  auto root = vats.connect();
  vats.lab.open();
  for (int i = 0; i < 5; ++i) root.push(i).within(1 * kj::HOURS).wait(vats);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 5u);
  root.push(5).within(0 * kj::SECONDS).catch_([](kj::Exception&&) {}).wait(vats);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 5u);
}

}  // namespace
}  // namespace troth

#include <gtest/gtest.h>
#include <kj/async.h>
#include <troth/output-gate.h>

#include <string>

namespace troth {
namespace {

class Gate: public testing::Test {
public:
  ~Gate() noexcept override = default;

  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};
  OutputGate gate;
  std::string sent;

  // Says `text` over `link`, as a link does.
  void say(OutputGate::Queue& link, const char* text) {
    if (link.mustWait()) return link.add([this, text]() { sent += text; });
    sent += text;
  }
};

TEST_F(Gate, WhatIsSaidWithoutHoldsLeavesAtOnce) {
  OutputGate::Queue link(gate);
  say(link, "a");
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, WhatIsSaidDuringAHoldLeavesInItsOrderWhenThatEnds) {
  OutputGate::Queue link(gate);
  auto hold = gate.hold();
  say(link, "a");
  say(link, "b");
  EXPECT_TRUE(gate.hasWaiting());
  EXPECT_EQ("", sent);
  hold = nullptr;
  EXPECT_EQ("ab", sent);
  EXPECT_TRUE(gate.isOpen());
}

TEST_F(Gate, AHoldDoesNotDelayWhatWasSaidBefore) {
  OutputGate::Queue link(gate);
  auto first = gate.hold();
  say(link, "a");
  auto second = gate.hold();
  say(link, "b");
  first = nullptr;
  EXPECT_EQ("a", sent);
  second = nullptr;
  EXPECT_EQ("ab", sent);
}

TEST_F(Gate, HoldsMayEndInAnyOrder) {
  OutputGate::Queue link(gate);
  auto first = gate.hold();
  auto second = gate.hold();
  say(link, "a");
  second = nullptr;
  EXPECT_EQ("", sent);
  first = nullptr;
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, EachLinkHasAnOrderOfItsOwn) {
  OutputGate::Queue one(gate);
  OutputGate::Queue other(gate);
  auto hold = gate.hold();
  say(one, "a");
  say(other, "b");
  hold = nullptr;
  EXPECT_EQ(2u, sent.size());
}

TEST_F(Gate, ALinkThatIsGoneSaysNothing) {
  auto hold = gate.hold();
  {
    OutputGate::Queue link(gate);
    say(link, "a");
  }
  hold = nullptr;
  EXPECT_EQ("", sent);
}

TEST_F(Gate, WhoWaitsForItToOpenWaitsForTheHoldsOfThatMoment) {
  auto first = gate.hold();
  auto opened = gate.whenOpen();
  auto second = gate.hold();
  EXPECT_FALSE(opened.poll(waitScope));
  first = nullptr;
  EXPECT_TRUE(opened.poll(waitScope));
}

}  // namespace
}  // namespace troth

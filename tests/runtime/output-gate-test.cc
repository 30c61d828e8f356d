#include <gtest/gtest.h>
#include <kj/async.h>
#include <kj/debug.h>
#include <troth/output-gate.h>

#include <string>

namespace troth {
namespace {

class Gate: public testing::Test {
public:
  ~Gate() noexcept override = default;

  using What = OutputGate::What;

  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};
  OutputGate gate;
  std::string sent;
  std::string broken;

  struct Link: public OutputGate::Queue {
    explicit Link(Gate& test)
        : Queue(test.gate, [&test](const kj::Exception& reason) {
            test.broken += reason.getDescription().cStr();
          }) {}
  };

  // Says `text` over `link`, as a link does.
  void say(Link& link, const char* text, What kind = What::MESSAGES) {
    if (link.mustWait(kind)) return link.add(kind, [this, text]() { sent += text; });
    sent += text;
  }
  void call(Link& link, const char* text) { say(link, text, What::CALLS); }
};

TEST_F(Gate, WhatIsSaidWithoutHoldsLeavesAtOnce) {
  Link link(*this);
  say(link, "a");
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, WhatIsSaidDuringAHoldLeavesInItsOrderWhenThatEnds) {
  Link link(*this);
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
  Link link(*this);
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
  Link link(*this);
  auto first = gate.hold();
  auto second = gate.hold();
  say(link, "a");
  second = nullptr;
  EXPECT_EQ("", sent);
  first = nullptr;
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, EachLinkHasAnOrderOfItsOwn) {
  Link one(*this);
  Link other(*this);
  auto hold = gate.hold();
  say(one, "a");
  say(other, "b");
  hold = nullptr;
  EXPECT_EQ(2u, sent.size());
}

TEST_F(Gate, ALinkThatIsGoneSaysNothing) {
  auto hold = gate.hold();
  {
    Link link(*this);
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

TEST_F(Gate, WhatWasSaidSinceADiscardedHoldBeganNeverLeaves) {
  Link link(*this);
  auto hold = gate.hold();
  say(link, "a");
  gate.discard(kj::mv(hold), KJ_EXCEPTION(DISCONNECTED, "it was not so"));
  EXPECT_TRUE(gate.isOpen());
  EXPECT_FALSE(gate.hasWaiting());
  EXPECT_EQ("", sent);
  EXPECT_EQ("it was not so", broken);
}

TEST_F(Gate, ALinkThatHasSaidNothingSinceIsNotBroken) {
  Link link(*this);
  Link silent(*this);
  auto first = gate.hold();
  say(link, "a");
  auto second = gate.hold();
  gate.discard(kj::mv(second), KJ_EXCEPTION(DISCONNECTED, "it was not so"));
  EXPECT_EQ("", broken);
  first = nullptr;
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, ABrokenLinkLosesAllThatWaits) {
  Link link(*this);
  auto first = gate.hold();
  say(link, "a");
  auto second = gate.hold();
  say(link, "b");
  gate.discard(kj::mv(second), KJ_EXCEPTION(DISCONNECTED, "it was not so"));
  first = nullptr;
  EXPECT_EQ("", sent);
}

TEST_F(Gate, AHoldOfCallsDelaysThemAndWhatIsBehindThem) {
  Link link(*this);
  auto hold = gate.hold(What::CALLS);
  say(link, "a");
  EXPECT_EQ("a", sent);
  call(link, "b");
  say(link, "c");
  EXPECT_EQ("a", sent);
  hold = nullptr;
  EXPECT_EQ("abc", sent);
}

TEST_F(Gate, ACallWaitsForHoldsOfBothKinds) {
  Link link(*this);
  auto ofCalls = gate.hold(What::CALLS);
  auto ofAll = gate.hold();
  call(link, "a");
  ofCalls = nullptr;
  EXPECT_EQ("", sent);
  ofAll = nullptr;
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, ADiscardedHoldOfCallsBreaksOnlyLinksThatHaveCalledSince) {
  Link silent(*this);
  Link link(*this);
  auto all = gate.hold();
  auto hold = gate.hold(What::CALLS);
  say(silent, "a");
  say(link, "b");
  call(link, "c");
  gate.discard(kj::mv(hold), KJ_EXCEPTION(DISCONNECTED, "no"));
  EXPECT_EQ("no", broken);
  all = nullptr;
  EXPECT_EQ("a", sent);
}

TEST_F(Gate, WhoWaitsForItToOpenMayWaitForHoldsOfCallsToo) {
  auto hold = gate.hold(What::CALLS);
  EXPECT_TRUE(gate.isOpen());
  EXPECT_TRUE(gate.whenOpen().poll(waitScope));
  auto open = gate.whenOpen(What::CALLS);
  EXPECT_FALSE(open.poll(waitScope));
  hold = nullptr;
  EXPECT_TRUE(open.poll(waitScope));
}

TEST_F(Gate, WhoWaitsForItToOpenIsToldThatAHoldWasDiscarded) {
  auto first = gate.hold();
  auto before = gate.whenOpen();
  auto second = gate.hold();
  auto since = gate.whenOpen();
  gate.discard(kj::mv(second), KJ_EXCEPTION(DISCONNECTED, "it was not so"));
  EXPECT_THROW(since.wait(waitScope), kj::Exception);
  EXPECT_FALSE(before.poll(waitScope));
  first = nullptr;
  before.wait(waitScope);
}

}  // namespace
}  // namespace troth

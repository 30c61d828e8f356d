#include "testing.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

uint16_t number(Type type) { return static_cast<uint16_t>(type); }

int countLines(const std::string& text) {
  int count = 0;
  for (auto at = text.find("while calling"); at != std::string::npos;
       at = text.find("while calling", at + 1)) {
    ++count;
  }
  return count;
}

class Failures: public testing::TestWithParam<lab::Failure> {};

TEST_P(Failures, KeepTheirReasonAndTheirTypeOverTheWire) {
  TwoVats vats;
  auto root = vats.connect();
  for (auto type: {Type::FAILED, Type::OVERLOADED, Type::DISCONNECTED, Type::UNIMPLEMENTED}) {
    auto failure = failureOf(root.fail(GetParam(), number(type), "the reason"), vats);
    EXPECT_MENTIONS(describe(failure), "the reason");
    EXPECT_MENTIONS(describe(failure), "while calling Node.fail");
    if (GetParam() != lab::Failure::AS_STANDARD_EXCEPTION) EXPECT_EQ(failure.getType(), type);
  }
  EXPECT_EQ(root.echo(1).value().wait(vats), 1);
}

TEST_P(Failures, BreakWhatIsPipelinedOnThem) {
  TwoVats vats;
  auto root = vats.connect();
  auto label = root.fail(GetParam(), number(Type::OVERLOADED), "the reason").node().label().label();
  auto failure = failureOf(kj::mv(label), vats);
  EXPECT_MENTIONS(describe(failure), "the reason");
  EXPECT_MENTIONS(describe(failure), "while calling Node.fail");
  EXPECT_MENTIONS(describe(failure), "while calling Node.label (on \"node\" from Node.fail)");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST_P(Failures, OfLocalObjectsReadTheSame) {
  TwoVats vats;
  Ref<lab::Node> root = kj::heap<NodeServer>(vats.lab);
  auto failed = root.fail(GetParam(), number(Type::FAILED), "the reason");
  auto failure = failureOf(failed.node().label(), vats);
  EXPECT_MENTIONS(describe(failure), "the reason");
  EXPECT_EQ(countLines(describe(failure)), 2);
}

INSTANTIATE_TEST_SUITE_P(Every, Failures,
    testing::Values(lab::Failure::SYNCHRONOUSLY, lab::Failure::IN_COROUTINE,
        lab::Failure::IN_CONTINUATION, lab::Failure::AS_STANDARD_EXCEPTION));

TEST(Errors, EachLinkOfABrokenChainIsNamed) {
  TwoVats vats;
  auto root = vats.connect();
  auto broken = root.fail(lab::Failure::IN_COROUTINE, number(Type::OVERLOADED), "first cause");
  auto failure = failureOf(broken.node().make("a").node().echo(1).value(), vats);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  auto text = describe(failure);
  EXPECT_EQ(text,
      "remote exception: first cause\n"
      "  while calling Node.fail\n"
      "  while calling Node.make (on \"node\" from Node.fail)\n"
      "  while calling Node.echo (on \"node\" from Node.make)");
}

TEST(Errors, ABreakInTheMiddleLeavesWhatWasBeforeIt) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("fine").node();
  auto label = made.label().label();
  auto broken = made.fail(lab::Failure::SYNCHRONOUSLY, number(Type::FAILED), "in the middle");
  auto after = broken.node().label();
  EXPECT_EQ(kj::str(label.wait(vats)), "fine");
  EXPECT_MENTIONS(describe(failureOf(kj::mv(after), vats)), "in the middle");
  EXPECT_EQ(kj::str(made.label().label().wait(vats)), "fine");
}

TEST(Errors, ABrokenArgumentIsNamed) {
  TwoVats vats;
  auto root = vats.connect();
  auto broken = root.fail(lab::Failure::SYNCHRONOUSLY, number(Type::OVERLOADED), "first cause");
  auto failure = failureOf(root.join(root, broken.node()), vats);
  EXPECT_MENTIONS(describe(failure), "first cause");
  EXPECT_MENTIONS(
      describe(failure), "while calling Node.join (argument \"right\": \"node\" from Node.fail)");
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
}

TEST(Errors, LongChainsAreCut) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root.fail(lab::Failure::SYNCHRONOUSLY, number(Type::FAILED), "first cause").node();
  for (int i = 0; i < 100; ++i) node = node.make("x").node();
  auto text = describe(failureOf(node.label(), vats));
  EXPECT_MENTIONS(text, "first cause");
  EXPECT_EQ(countLines(text), 16);
  EXPECT_TRUE(text.ends_with("\n  and further calls")) << text;
}

TEST(Errors, AnObjectThatDoesNotExistSaysSo) {
  TwoVats vats;
  auto root = vats.connect();
  Ref<lab::Node> null = nullptr;
  EXPECT_MENTIONS(describe(failureOf(null.label(), vats)), "while calling Node.label");
  auto unset = root.choose(lab::Choice::NUMBER).choice().node().label();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(unset), vats)), "while calling Node.label");
}

TEST(Errors, ACallOnABrokenRefBreaksWithItsError) {
  TwoVats vats;
  Ref<lab::Node> broken = KJ_EXCEPTION(OVERLOADED, "not today");
  auto failure = failureOf(broken.label(), vats);
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
  EXPECT_EQ(describe(failure), "not today\n  while calling Node.label");
}

TEST(Errors, ARefToComeThatBreaksBreaksItsCalls) {
  TwoVats vats;
  auto coming = kj::newPromiseAndFulfiller<Ref<lab::Node>>();
  Ref<lab::Node> node = kj::mv(coming.promise);
  auto label = node.label();
  vats.settle();
  coming.fulfiller->reject(KJ_EXCEPTION(FAILED, "never came"));
  EXPECT_MENTIONS(describe(failureOf(kj::mv(label), vats)), "never came");
}

TEST(Errors, AMethodThatIsNotOverriddenIsUnimplemented) {
  TwoVats vats;
  auto root = vats.connect();
  auto failure = failureOf(root.missing(), vats);
  EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(describe(failure), "while calling Node.missing");
}

TEST(Errors, AnInterfaceThatAnObjectLacksIsUnimplemented) {
  TwoVats vats;
  auto root = vats.connect();
  auto failure = failureOf(castRef<lab::Other>(root).other(), vats);
  EXPECT_EQ(failure.getType(), Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(describe(failure), "while calling Other.other");
}

TEST(Errors, AUnionsMemberThatIsNotSetBreaksItsPromiseAlone) {
  TwoVats vats;
  auto root = vats.connect();
  auto choice = root.choose(lab::Choice::NUMBER).choice();
  auto text = choice.text();
  auto number = choice.number();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(text), vats)), "not the one that is set");
  EXPECT_EQ(number.wait(vats), 7);
  EXPECT_EQ(kj::str(root.choose(lab::Choice::TEXT).choice().text().wait(vats)), "chosen");
  EXPECT_EQ(
      kj::str(root.choose(lab::Choice::NODE).choice().node().label().label().wait(vats)), "chosen");
}

TEST(Errors, ReachEveryAccessorOfABrokenCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto failed = root.fail(lab::Failure::SYNCHRONOUSLY, number(Type::FAILED), "the reason");
  auto value = failed.value();
  auto node = failed.node();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(value), vats)), "the reason");
  auto late = failed.value();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(late), vats)), "the reason");
  EXPECT_MENTIONS(describe(failureOf(node.label(), vats)), "the reason");
  auto lateNode = failed.node();
  EXPECT_MENTIONS(describe(failureOf(lateNode.label(), vats)), "the reason");
  EXPECT_MENTIONS(describe(failureOf(kj::mv(failed), vats)), "the reason");
}

TEST(Errors, AwaitedCallsThrowIntoTheCoroutine) {
  TwoVats vats;
  auto root = vats.connect();
  auto run = [](Ref<lab::Node> node) -> kj::Promise<std::string> {
    try {
      co_await node.fail(lab::Failure::IN_COROUTINE, 0, "caught");
    } catch (const kj::Exception& exception) {
      co_return describe(exception);
    }
    co_return "";
  };
  EXPECT_MENTIONS(run(root).wait(vats), "caught");
}

TEST(Errors, PassThroughAServerInTheMiddleWithTheirReason) {
  TwoVats vats;
  auto root = vats.connect();
  auto broken = root.fail(lab::Failure::IN_COROUTINE, number(Type::OVERLOADED), "deep down");
  auto failure = failureOf(root.tell(broken.node(), 1), vats);
  EXPECT_MENTIONS(describe(failure), "deep down");
  EXPECT_EQ(failure.getType(), Type::OVERLOADED);
}

}  // namespace
}  // namespace troth

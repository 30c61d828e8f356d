#include "testing.h"

namespace troth {
namespace {

using Which = capnp::rpc::Message::Which;

TEST(Cancel, APendingCallThatIsDroppedIsNeverSent) {
  TwoVats vats;
  auto root = vats.connect();
  { auto dropped = root.note(1); }
  root.echo(1).wait(vats);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 1u);
  EXPECT_TRUE(vats.lab.notes.empty());
}

TEST(Cancel, AHalfBuiltCallThatIsDroppedIsNeverSent) {
  TwoVats vats;
  auto root = vats.connect();
  EXPECT_THROW((void)root.tell([&](auto params) {
    params.setNode(root.make("x").node());
    throw std::runtime_error("changed my mind");
  }),
      std::runtime_error);
  root.echo(1).wait(vats);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 1u);
}

TEST(Cancel, DroppingASentCallFinishesIt) {
  TwoVats vats;
  auto root = vats.connect();
  {
    auto held = root.holdCancelable();
    vats.settle();
    EXPECT_EQ(vats.lab.holdsStarted, 1);
    EXPECT_EQ(vats.lab.holdsEnded, 0);
    EXPECT_EQ(vats.observed.countSent(Which::FINISH), 1);  // of the bootstrap
  }
  vats.settle();
  EXPECT_EQ(vats.observed.countSent(Which::FINISH), 2);
  EXPECT_EQ(vats.lab.holdsEnded, 1);
  EXPECT_EQ(vats.lab.holdsAnswered, 0);
}

TEST(Cancel, AServerThatDoesNotAllowItRunsOn) {
  TwoVats vats;
  auto root = vats.connect();
  {
    auto held = root.hold();
    vats.settle();
  }
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 0);
  vats.lab.open();
  vats.settle();
  EXPECT_EQ(vats.lab.holdsAnswered, 1);
}

TEST(Cancel, ADependantKeepsItsSourceAlive) {
  TwoVats vats;
  auto root = vats.connect();
  auto label = root.holdCancelable().node().label().label();
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 0);
  vats.lab.open();
  EXPECT_EQ(kj::str(label.wait(vats)), "held");
}

TEST(Cancel, ARefKeepsItsSourceAlive) {
  TwoVats vats;
  auto root = vats.connect();
  auto node = root.holdCancelable().node();
  vats.settle();
  vats.lab.open();
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "held");
}

TEST(Cancel, DroppingTheLastDependantCancelsTheCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto value = kj::heap(root.holdCancelable().value());
  auto node = kj::heap(root.holdCancelable().node());
  auto label = kj::heap(node->label().label());
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 2);
  value = nullptr;
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 1);
  node = nullptr;
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 1);
  label = nullptr;
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 2);
  EXPECT_EQ(vats.lab.holdsAnswered, 0);
}

TEST(Cancel, AnArgumentsSourceIsKeptByTheCallThatUsesIt) {
  TwoVats vats;
  auto root = vats.connect();
  auto told = kj::heap(root.join(root.holdCancelable().node(), root).node().label());
  vats.settle();
  EXPECT_EQ(vats.lab.holdsStarted, 1);
  EXPECT_EQ(vats.lab.holdsEnded, 0);
  vats.lab.open();
  EXPECT_EQ(kj::str(told->label().wait(vats)), "heldroot");
}

TEST(Cancel, OneOfManyAccessorsIsEnoughToKeepTheCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto held = kj::heap(root.holdCancelable());
  auto first = kj::heap(held->value());
  auto second = held->value();
  vats.settle();
  held = nullptr;
  first = nullptr;
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 0);
  vats.lab.open();
  EXPECT_EQ(second.wait(vats), 42);
}

TEST(Cancel, DetachRunsTheCallToItsEnd) {
  TwoVats vats;
  auto root = vats.connect();
  root.holdCancelable().detach([](kj::Exception&& e) { ADD_FAILURE() << describe(e); });
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 0);
  vats.lab.open();
  vats.settle();
  EXPECT_EQ(vats.lab.holdsAnswered, 1);
}

TEST(Cancel, DetachGivesErrorsToItsHandler) {
  TwoVats vats;
  auto root = vats.connect();
  std::string reason;
  root.fail(lab::Failure::IN_COROUTINE, 0, "no luck").detach([&](kj::Exception&& exception) {
    reason = describe(exception);
  });
  vats.settle();
  EXPECT_MENTIONS(reason, "no luck");
}

TEST(Cancel, DroppingTheResultsInAContinuationIsSafe) {
  TwoVats vats;
  auto root = vats.connect();
  kj::Maybe<Promise<lab::Node::MakeResults>> made = root.make("x");
  kj::Maybe<Ref<lab::Node>> node;
  KJ_IF_MAYBE(m, made) {
    node = m->node();
    auto label = KJ_ASSERT_NONNULL(node).label();
    auto task = label.label().then([&](Owned<capnp::Text> text) {
      made = nullptr;
      node = nullptr;
      return kj::str(text);
    });
    EXPECT_EQ(task.wait(vats), "x");
  }
}

TEST(Cancel, DroppingEverythingWhileOthersAreToldTheOutcomeIsSafe) {
  TwoVats vats;
  auto root = vats.connect();
  kj::Vector<kj::Own<Promise<int64_t>>> values;
  auto held = kj::heap(root.hold());
  for (int i = 0; i < 10; ++i) values.add(kj::heap(held->value()));
  int runs = 0;
  auto first = values[0]
                   ->then([&](int64_t value) {
                     EXPECT_EQ(value, 42);
                     ++runs;
                     for (size_t i = 1; i < values.size(); ++i) values[i] = nullptr;
                     held = nullptr;
                   })
                   .eagerlyEvaluate(nullptr);
  vats.lab.open();
  first.wait(vats);
  vats.settle();
  EXPECT_EQ(runs, 1);
}

TEST(Cancel, ACoroutineThatIsDroppedCancelsTheCallItAwaits) {
  TwoVats vats;
  auto root = vats.connect();
  auto run = [](Ref<lab::Node> node) -> kj::Promise<int64_t> {
    auto held = node.holdCancelable();
    co_return co_await held.value();
  };
  {
    auto task = run(root);
    vats.settle();
    EXPECT_EQ(vats.lab.holdsStarted, 1);
  }
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 1);
}

TEST(Cancel, ExclusiveJoinDropsTheLoser) {
  TwoVats vats;
  auto root = vats.connect();
  auto both = root.holdCancelable().value().exclusiveJoin(root.echo(5).value());
  EXPECT_EQ(both.wait(vats), 5);
  vats.settle();
  EXPECT_EQ(vats.lab.holdsEnded, 1);
}

TEST(Cancel, DroppingAllCallsOfATurnInsideALaterOneLeavesTheRestInOrder) {
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Promise<lab::Node::NoteResults>> notes;
  for (int i = 0; i < 20; ++i) notes.push_back(root.note(i));
  for (int i = 19; i >= 0; --i) {
    if (i % 2 == 1) notes.erase(notes.begin() + i);
  }
  for (auto& note: notes) note.wait(vats);
  EXPECT_EQ(vats.lab.notes, (std::vector<int>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
}

}  // namespace
}  // namespace troth

#include "testing.h"

namespace troth {
namespace {

TEST(Results, ReadAsWhatTheyAre) {
  TwoVats vats;
  auto root = vats.connect();
  auto fields = root.fields();
  EXPECT_EQ(fields.number().wait(vats), -5);
  EXPECT_EQ(fields.shade().wait(vats), lab::Shade::DARK);
  EXPECT_EQ(kj::str(fields.text().wait(vats)), "text");
  EXPECT_EQ(fields.data().wait(vats).size(), 4u);
  EXPECT_EQ(toVector<int>(fields.numbers().wait(vats)), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(kj::str(fields.texts().wait(vats)[1]), "two");
  EXPECT_EQ(fields.inners().wait(vats)[1].getNumber(), 11);
  EXPECT_EQ(fields.inner().wait(vats).getNumber(), 12);
  EXPECT_EQ(fields.inner().number().wait(vats), 12);
  EXPECT_TRUE(fields.flag().wait(vats));
  EXPECT_EQ(fields.real().wait(vats), 0.5);
  EXPECT_EQ(kj::str(fields.inner().node().label().label().wait(vats)), "field");
  EXPECT_EQ(fields.wait(vats).getNumber(), -5);
}

TEST(Results, ManyMayAwaitOneCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto fields = root.fields();
  std::vector<Promise<int64_t>> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(fields.number());
  for (auto& number: numbers) EXPECT_EQ(number.wait(vats), -5);
  EXPECT_EQ(vats.client->getTraffic().callsSent, 1u);
}

TEST(Results, AccessorsWorkAfterTheCallHasSettledAndBeenAwaited) {
  TwoVats vats;
  auto root = vats.connect();
  auto fields = root.fields();
  auto response = fields.wait(vats);
  EXPECT_EQ(fields.number().wait(vats), -5);
  EXPECT_EQ(kj::str(fields.inner().node().label().label().wait(vats)), "field");
}

TEST(Results, AnOwnedReaderOutlivesEverything) {
  kj::Maybe<Owned<capnp::Text>> text;
  kj::Maybe<Owned<lab::Inner>> inner;
  kj::Maybe<Owned<capnp::List<int32_t>>> numbers;
  {
    TwoVats vats;
    auto root = vats.connect();
    auto fields = root.fields();
    text = fields.text().wait(vats);
    inner = fields.inner().wait(vats);
    numbers = fields.numbers().wait(vats);
  }
  EXPECT_EQ(kj::str(KJ_ASSERT_NONNULL(text)), "text");
  EXPECT_EQ(KJ_ASSERT_NONNULL(inner).getNumber(), 12);
  EXPECT_EQ(KJ_ASSERT_NONNULL(numbers)[0], 1);
}

TEST(Results, CoroutinesAwaitAllKinds) {
  TwoVats vats;
  auto run = [](Ref<lab::Node> root) -> kj::Promise<int64_t> {
    auto fields = root.fields();
    int64_t number = co_await fields.number();
    auto text = co_await fields.text();
    auto inner = co_await fields.inner();
    auto numbers = co_await fields.numbers();
    auto response = co_await root.echo(number);
    co_return response.getValue() + text.size() + inner.getNumber() + numbers.size();
  };
  EXPECT_EQ(run(vats.connect()).wait(vats), -5 + 4 + 12 + 3);
}

TEST(Results, ContinuationsTakeAllKinds) {
  TwoVats vats;
  auto root = vats.connect();
  auto sum = root.fields().number().then([](int64_t number) { return number + 1; });
  EXPECT_EQ(sum.wait(vats), -4);
  auto size = root.fields().text().then([](Owned<capnp::Text> text) { return text.size(); });
  EXPECT_EQ(size.wait(vats), 4u);
}

TEST(Results, APromiseMayBeAwaitedAndItsFieldsStillUsed) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = root.make("made");
  auto done = made.then([](auto&&) { return 1; });
  auto label = made.node().label().label();
  EXPECT_EQ(done.wait(vats), 1);
  EXPECT_EQ(kj::str(label.wait(vats)), "made");
}

// 10,000 calls at once, of which none is answered before all have arrived.
TEST(Results, TenThousandCallsInFlightAreAllAnswered) {
  constexpr int CALLS = 10000;
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Promise<int64_t>> held;
  std::vector<Promise<int64_t>> echoes;
  for (int i = 0; i < CALLS; ++i) held.push_back(root.hold().value());
  while (vats.lab.holdsStarted < CALLS) vats.settle();
  for (int i = 0; i < CALLS; ++i) echoes.push_back(root.echo(i).value());
  for (int i = CALLS - 1; i >= 0; --i) EXPECT_EQ(echoes[i].wait(vats), i);
  vats.lab.open();
  for (auto& value: held) EXPECT_EQ(value.wait(vats), 42);
  EXPECT_EQ(vats.server->getTraffic().callsRefused, 0u);
}

TEST(Results, TenThousandObjectsOfOneFlightAreUsedAndLetGo) {
  constexpr int CALLS = 10000;
  TwoVats vats;
  {
    auto root = vats.connect();
    std::vector<Promise<capnp::Text>> labels;
    for (int i = 0; i < CALLS; ++i) {
      labels.push_back(root.make(std::to_string(i)).node().label().label());
    }
    for (int i = 0; i < CALLS; ++i) {
      EXPECT_EQ(std::string(labels[i].wait(vats).cStr()), std::to_string(i));
    }
    EXPECT_LE(vats.roundTrips(), 2u);
  }
  vats.settle();
  EXPECT_EQ(vats.lab.alive, 1);
}

}  // namespace
}  // namespace troth

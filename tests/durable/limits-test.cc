// How many durable calls go on at a time, and what durable calls have to do with maps.

#include <algorithm>

#include "folder.h"
#include "late-outcomes.h"

namespace troth {
namespace {

// ---- How many at a time ----

// A desk whose work goes on until a test ends it.
class DurableLimits: public DurableTest {
public:
  DurableLimits() {
    scene.work = [this](WorkCall call) -> kj::Promise<void> {
      ++scene.runs;
      most = std::max(most, ++running);
      KJ_DEFER(--running);
      co_await end.whenOpen();
      // So that those which go on at the same time overlap.
      co_await loop.timer().afterDelay(5 * kj::MILLISECONDS);
      call.fulfill("done");
    };
  }
  ~DurableLimits() noexcept override = default;

  int running = 0;
  int most = 0;
  Barrier end;

  void pause(kj::Duration duration) { wait(loop.timer().afterDelay(duration)); }

  // Has the vat give back calls that are under way.
  void leavePending(int count) {
    for (int i = 0; i < count; ++i) start(kj::str("w-", i));
    wait(office->vat->shutdown(0 * kj::SECONDS));
    kill();
    most = 0;
  }
};

TEST_F(DurableLimits, OneCallMoreThanRunningMaxIsRefusedUntilThereIsRoom) {
  durable.runningMax = 2;
  restart();
  auto a = desk().work("x").durable("a").text();
  auto b = desk().work("x").durable("b").text();
  waitUntil([&]() { return running == 2; });
  // Nobody asks again for one without an id.
  auto refusal = kj::runCatchingExceptions([&]() { wait(desk().marked("x").text()); });
  auto& exception = KJ_ASSERT_NONNULL(refusal);
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, exception.getType());
  EXPECT_TRUE(contains(exception.getDescription().cStr(), "limit runningMax"))
      << exception.getDescription().cStr();
  auto c = desk().work("x").durable("c").text();
  pause(100 * kj::MILLISECONDS);
  EXPECT_EQ(2, scene.runs);
  EXPECT_TRUE(find("c") == nullptr);
  end.open();
  EXPECT_EQ("done", wait(kj::mv(c)));
  EXPECT_EQ("done", wait(kj::mv(a)));
  EXPECT_EQ("done", wait(kj::mv(b)));
  EXPECT_EQ(2, most);
}

TEST_F(DurableLimits, NoMoreThanRecoveringMaxAreTakenUpAtATime) {
  constexpr int CALLS = 6;
  leavePending(CALLS);
  durable.recoveringMax = 2;
  open();
  waitUntil([&]() { return running == 2; });
  EXPECT_EQ(2, wait(desk().number(1).durable("new").n()));
  pause(20 * kj::MILLISECONDS);
  EXPECT_EQ(2, running);
  end.open();
  for (int i = 0; i < CALLS; ++i) {
    auto record = wait(office->store.whenSettled(kj::str("w-", i)));
    EXPECT_EQ(PromiseState::FULFILLED, record.state);
  }
  EXPECT_EQ(2, most);
}

// ---- Maps ----

// A desk, and a folder in the same vat.
class DurableMap: public DurableTest {
public:
  DurableMap() { office->vat->serve("folder", kj::heap<FolderServer>(counts)); }
  ~DurableMap() noexcept override = default;

  static SturdyRef folderAt(kj::StringPtr socket) {
    auto ref = deskAt(socket);
    ref.name = kj::str("folder");
    return ref;
  }

  std::vector<int64_t> numbersOf(Promise<capnp::List<int64_t>> promise) {
    std::vector<int64_t> numbers;
    for (auto number: wait(kj::mv(promise))) numbers.push_back(number);
    return numbers;
  }

  Counts counts;
  Ref<folder::Folder> shelf = client->restore<folder::Folder>(folderAt(socket));
};

TEST_F(DurableMap, IsRefused) {
  auto numbers = shelf.numbers(3).numbers();
  auto text = failureOf(loop.waitScope(),
      [&]() { return numbers.map([&](auto n) { return shelf.add(n, n).sum(); }).durable("m"); });
  EXPECT_TRUE(contains(text, "a map cannot be durable; make a call durable that does it")) << text;
  EXPECT_TRUE(find("m") == nullptr);
}

TEST_F(DurableMap, HasNoDurableCallInItsBody) {
  auto target = desk();
  auto numbers = shelf.numbers(3).numbers();
  auto text = failureOf(loop.waitScope(),
      [&]() { return numbers.map([&](auto n) { return target.number(n).durable("b").n(); }); });
  EXPECT_TRUE(contains(text, "a call in the body of a map cannot be durable")) << text;
  EXPECT_TRUE(find("b") == nullptr);
  EXPECT_EQ(0, scene.runs);
}

TEST_F(DurableMap, MapsWhatADurableCallGives) {
  auto numbers = shelf.numbers(3).durable("n").numbers();
  auto sums = numbers.map([&](auto n) { return shelf.add(n, 1).sum(); });
  EXPECT_EQ((std::vector<int64_t>{1, 2, 3}), numbersOf(kj::mv(sums)));
  EXPECT_EQ(PromiseState::FULFILLED, get("n").state);
}

TEST_F(DurableMap, UsesWhatADurableCallGives) {
  auto offset = shelf.add(20, 1).durable("o").sum();
  auto sums = shelf.numbers(3).numbers().map([&](auto n) { return shelf.add(n, offset).sum(); });
  EXPECT_EQ((std::vector<int64_t>{21, 22, 23}), numbersOf(kj::mv(sums)));
  EXPECT_EQ(PromiseState::FULFILLED, get("o").state);
}

TEST_F(DurableMap, GivesWhatADurableCallTakes) {
  auto doubled = shelf.numbers(4).numbers().map([&](auto n) { return shelf.add(n, n).sum(); });
  EXPECT_EQ(12, wait(shelf.sum(doubled).durable("s").sum()));
  EXPECT_EQ(PromiseState::FULFILLED, get("s").state);
}

}  // namespace
}  // namespace troth

// Round trips as the wire sees them: how often bytes have to go there and come back.

#include <troth/object.capnp.h>

#include "desk.h"
#include "slow-link.h"

namespace troth {
namespace {

struct SlowDesk {
  explicit SlowDesk(Kind kind): client(desks.options()), server(desks.options()) {
    if (kind == Kind::TROTH) {
      server.serve(kj::heap<DeskServer>(desks.world));
    } else {
      server.serve("", newStockDesk(desks.world));
    }
    server.accept(link.takeServerEnd());
    desk = client.connect<desk::Desk>(link.takeClientEnd());
  }

  template <typename T>
  uint64_t count(Promise<T>& promise) {
    return link.countRoundTrips(promise, desks.loop);
  }

  Desks desks{nullptr};
  SlowLink link{desks.loop};
  Vat client;
  Vat server;
  Ref<desk::Desk> desk = nullptr;
};

// Sixteen calls, each of which uses a value and an object of those before it.
Promise<int64_t> sixteenCalls(Ref<desk::Desk> desk) {
  auto sum = desk.add(0, 1).sum();
  for (int i = 0; i < 8; ++i) {
    auto made = desk.make(sum);
    desk = made.desk();
    sum = desk.add(made.number(), sum).sum();
  }
  return sum;
}

// The round trips of all sixteen, and what the last one gives.
std::pair<uint64_t, int64_t> countSixteenCalls(Kind kind) {
  SlowDesk slow(kind);
  auto sum = sixteenCalls(slow.desk);
  auto count = slow.count(sum);
  return {count, sum.wait(slow.desks)};
}

TEST(Wire, SixteenDependentCallsTakeOneRoundTrip) {
  auto [roundTrips, sum] = countSixteenCalls(Kind::TROTH);
  auto [roundTripsOfStock, sumOfStock] = countSixteenCalls(Kind::STOCK);
  EXPECT_EQ(roundTrips, 1u);
  EXPECT_GT(roundTripsOfStock, 8u);
  EXPECT_EQ(sum, sumOfStock);
}

TEST(Wire, ObjectsInListsAndUnionsTakeOneRoundTrip) {
  SlowDesk slow(Kind::TROTH);
  auto picked = slow.desk.desks(3).desks().at(2);
  auto chosen = picked.choose("first").choice().first();
  auto sum = chosen.add(picked.add(1, 1).sum(), 1).sum();
  EXPECT_EQ(slow.count(sum), 1u);
  EXPECT_EQ(sum.wait(slow.desks), 7);
}

// Peers know the extension by these numbers, for ever.
TEST(Wire, TheIdsAreWhatTheyHaveAlwaysBeen) {
  EXPECT_EQ(capnp::typeId<wire::Object>(), 0xd05000cf7e1ff657u);
  EXPECT_EQ(capnp::typeId<wire::Answer>(), 0xac691d2d727eb4b5u);
}

}  // namespace
}  // namespace troth

// What docs/guide/durable-calls.md shows and no sample does.

#include <gtest/gtest.h>
#include <troth/algebra.h>
#include <troth/store.h>
#include <troth/vat.h>

#include "shop.troth.h"
#include "temporary-folder.h"

namespace {

using approval::Shop;
using troth::Ref;

class MakerServer final: public troth::Server<Shop> {
public:
  kj::Promise<void> order(Order call) override { return call.fulfill(call.item()); }
};

// Orders parts of a maker.
class JoinerServer final: public troth::Server<Shop> {
public:
  JoinerServer(Ref<Shop> maker, kj::Duration pause): maker(maker), pause(pause) {}

  kj::Promise<void> order(Order call) override {
    co_await call.sleep(pause);
    auto [seat, legs] = co_await troth::all(maker.order("a seat").durable(call).receipt(),
        maker.order("four legs").durable(call).receipt());
    call.fulfill(kj::str(seat, " and ", legs));
  }

private:
  Ref<Shop> maker;
  kj::Duration pause;
};

// A vat that serves a joiner with its maker, and a client.
class DurableCallsGuide: public testing::Test {
public:
  DurableCallsGuide()
      : opened(troth::newSqliteStore(folder.file("shop.db"))),
        store(*opened),
        vat({.loop = loop, .store = kj::mv(opened)}),
        client({.loop = loop}) {}
  ~DurableCallsGuide() noexcept override = default;

  Ref<Shop> open(kj::Duration pause) {
    auto address = kj::str("unix:", folder.file("shop"));
    vat.serve("maker", kj::heap<MakerServer>());
    Ref<Shop> maker(vat.getObjectHost().restore("troth:/maker"));
    vat.serve(kj::heap<JoinerServer>(maker, pause)).listen(address).wait(vat);
    return client.connect<Shop>(address);
  }

  static std::string failureOf(kj::Promise<capnp::Response<capnp::Text>> promise, troth::Vat& vat) {
    std::string text;
    auto exception = kj::runCatchingExceptions([&]() { promise.wait(vat); });
    KJ_IF_MAYBE(e, exception) text = e->getDescription().cStr();
    return text;
  }

  troth::TemporaryFolder folder;
  troth::Loop loop;
  kj::Own<troth::Store> opened;
  troth::Store& store;
  troth::Vat vat;
  troth::Vat client;
};

TEST_F(DurableCallsGuide, PartsAreOrderedAndAnybodyCanAttach) {
  auto shop = open(1 * kj::MILLISECONDS);
  auto receipt = shop.order("a chair").within(7 * kj::DAYS).durable("order-7").receipt();
  EXPECT_EQ("a seat and four legs", receipt.wait(client));

  auto same = vat.attach<Shop::OrderResults>("order-7").receipt();
  EXPECT_EQ("a seat and four legs", same.wait(vat));
  auto part = vat.attach<Shop::OrderResults>("order-7.2").receipt();
  EXPECT_EQ("a seat", part.wait(vat));
}

TEST_F(DurableCallsGuide, ACallIsCanceledUnderItsId) {
  auto shop = open(1 * kj::HOURS);
  auto receipt = shop.order("a chair").durable("order-8").receipt();
  // An order of which nothing is known cannot be canceled.
  while (store.find("order-8").wait(vat) == nullptr)
    loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(vat);
  vat.cancel("order-8", "the customer has left").wait(vat);
  EXPECT_NE(std::string::npos, failureOf(kj::mv(receipt), client).find("the customer has left"));
}

}  // namespace

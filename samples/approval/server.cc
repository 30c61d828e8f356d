// A shop whose orders wait for a person. Usage: approval-server STORE ADDRESS
#include <kj/debug.h>
#include <troth/algebra.h>
#include <troth/store.h>
#include <troth/vat.h>

#include <iostream>

#include "shop.troth.h"

using approval::Shop;

class ShopServer final: public troth::Server<Shop> {
public:
  kj::Promise<void> order(Order call) override {
    auto place = co_await call.step("reserve", [&]() { return reserve(call.item()); });

    // Rejected or canceled: what was done is undone, and the caller gets to know why.
    auto approval = co_await troth::settle(call.promise<capnp::Text>("approval"));
    if (!approval.isKept()) {
      co_await call.step("put back", [&]() { putBack(call.item(), place); });
    }
    auto& words = approval.get();

    co_await call.step("ship", [&]() { ship(call.item(), place); });
    call.fulfill(kj::str(call.item(), ", approved: ", words));
  }

private:
  static int reserve(kj::StringPtr item) {
    std::cout << "the shop sets " << item.cStr() << " aside on shelf 3" << std::endl;
    return 3;
  }
  static void putBack(kj::StringPtr item, int place) {
    std::cout << "the shop puts " << item.cStr() << " back from shelf " << place << std::endl;
  }
  static void ship(kj::StringPtr item, int place) {
    std::cout << "the shop ships " << item.cStr() << " from shelf " << place << std::endl;
  }
};

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 3, "usage: approval-server STORE ADDRESS");
  troth::Vat vat({.store = troth::openStore(argv[1])});
  vat.serve(kj::heap<ShopServer>()).run(argv[2]);
}

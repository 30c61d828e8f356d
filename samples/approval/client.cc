// Orders something, and waits. Usage: approval-client ADDRESS ID ITEM
#include <kj/debug.h>
#include <troth/vat.h>

#include <iostream>

#include "shop.troth.h"

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 4, "usage: approval-client ADDRESS ID ITEM");
  kj::StringPtr id = argv[2], item = argv[3];
  troth::Vat vat;
  auto shop = vat.connect<approval::Shop>(argv[1]);

  // Under the same id it is the same order, however often this program dies and asks again.
  try {
    auto receipt = shop.order(item).durable(id).receipt().wait(vat);
    std::cout << id.cStr() << ": " << receipt.cStr() << std::endl;
  } catch (const kj::Exception& e) {
    std::cout << id.cStr() << " failed: " << e.getDescription().cStr() << std::endl;
  }
}

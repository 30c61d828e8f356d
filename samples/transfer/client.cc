// Makes transfers, and hears of a crash only as a pause. Usage: transfer-client COUNT ADDRESS…
#include <kj/debug.h>
#include <troth/algebra.h>
#include <troth/vat.h>

#include <iostream>
#include <vector>

#include "bank.troth.h"
#include "progress.h"

using transfer::Bank;
using troth::Ref;

kj::String owner(int i) { return kj::str(static_cast<char>('a' + i % 10)); }

// Two transfers in one round trip: the second passes on what the first has moved.
kj::Promise<void> relay(Ref<Bank> bank, int i) {
  auto received = bank.transfer(owner(i), owner(i + 3), 1 + i % 100)
                      .durable(kj::str("relay-", i, ".in"))
                      .received();
  co_await bank.transfer(owner(i + 3), owner(i + 7), received)
      .durable(kj::str("relay-", i, ".out"));
}

// Asks one bank, and the next one if there is no answer for a while. The same id is the same
// transfer, so it does not matter who answers, nor how many were asked.
kj::Promise<void> relayAtAny(troth::Vat& vat, std::vector<Ref<Bank>>& banks, int i) {
  std::vector<kj::Promise<void>> asked;
  for (size_t n = 0; n < banks.size(); ++n) {
    auto& bank = banks[(i + n) % banks.size()];
    asked.push_back(vat.timer().afterDelay(n * 500 * kj::MILLISECONDS).then([&bank, i]() {
      return relay(bank, i);
    }));
  }
  return troth::any(asked);
}

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc >= 3, "usage: transfer-client COUNT ADDRESS...");
  int count = atoi(argv[1]);
  troth::Vat vat;
  std::vector<Ref<Bank>> banks;
  for (int i = 2; i < argc; ++i) banks.push_back(vat.connect<Bank>(argv[i]));

  Progress progress(count);
  std::vector<kj::Promise<void>> relays;
  for (int i = 0; i < count / 2; ++i) {
    relays.push_back(relayAtAny(vat, banks, i).then([&]() { progress.add(2); }));
  }
  troth::all(relays).wait(vat);
  progress.tellAll();
  std::cout << banks.back().audit().report().wait(vat).cStr() << std::endl;
}

// Does the same work twice: one call at a time, and pipelined. Usage: bank-client HOST:PORT
#include <kj/debug.h>
#include <troth/vat.h>

#include <chrono>
#include <iomanip>
#include <iostream>

#include "bank.troth.h"
#include "slow-link.h"

using bank::Account;
using bank::Bank;
using troth::Ref;

// Awaits each call before it makes the next.
kj::Promise<int64_t> sequential(Ref<Bank> bank) {
  Ref<Account> alice = (co_await bank.openAccount("alice", 100)).getAccount();
  Ref<Account> bob = (co_await bank.openAccount("bob", 0)).getAccount();
  Ref<Account> payer = (co_await bank.transfer(alice, bob, 70)).getReceipt().getPayer();
  co_return co_await payer.balance().amount();
}

// Makes all calls at once, on objects that do not exist yet.
kj::Promise<int64_t> pipelined(Ref<Bank> bank) {
  auto alice = bank.openAccount("alice", 100).account();
  auto bob = bank.openAccount("bob", 0).account();
  auto payer = bank.transfer(alice, bob, 70).receipt().payer();
  co_return co_await payer.balance().amount();
}

void show(const char* name, troth::Vat& vat, kj::Promise<int64_t> work) {
  auto before = vat.getTraffic();
  auto start = std::chrono::steady_clock::now();
  auto left = work.wait(vat);
  std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  auto after = vat.getTraffic();
  KJ_REQUIRE(left == 30, "the bank miscounts", left);
  std::cout << std::left << std::setw(12) << name << std::right << std::setw(6)
            << after.callsSent - before.callsSent << std::setw(14)
            << after.roundTrips - before.roundTrips << std::setw(10) << std::fixed
            << std::setprecision(1) << time.count() << " ms\n";
}

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 2, "usage: bank-client HOST:PORT");
  troth::Vat vat;
  auto server = vat.network().parseAddress(argv[1]).wait(vat)->connect().wait(vat);
  SlowLink link(vat, kj::mv(server), 20 * kj::MILLISECONDS);
  auto bank = vat.connect<Bank>(link.takeEnd());

  std::cout << "             calls   round trips      time\n";
  show("sequential", vat, sequential(bank));
  show("pipelined", vat, pipelined(bank));
}

// A bank. Usage: bank-server HOST:PORT
#include <kj/debug.h>
#include <troth/vat.h>

#include <iostream>

#include "bank.troth.h"

using bank::Account;
using bank::Bank;

class AccountServer final: public troth::Server<Account> {
public:
  explicit AccountServer(int64_t amount): amount(amount) {}

  kj::Promise<void> balance(Balance call) override { return call.fulfill(amount); }

  kj::Promise<void> deposit(Deposit call) override {
    amount += call.amount();
    return call.fulfill();
  }

  kj::Promise<void> withdraw(Withdraw call) override {
    KJ_REQUIRE(call.amount() <= amount, "the account does not hold that much", amount);
    amount -= call.amount();
    return call.fulfill();
  }

private:
  int64_t amount;
};

class BankServer final: public troth::Server<Bank> {
public:
  kj::Promise<void> openAccount(OpenAccount call) override {
    return call.fulfill(kj::heap<AccountServer>(call.deposit()));
  }

  kj::Promise<void> transfer(Transfer call) override {
    KJ_REQUIRE(call.amount() > 0, "a transfer moves a positive amount");
    auto payer = call.from();
    co_await payer.withdraw(call.amount());
    co_await call.to().deposit(call.amount());
    call.fulfill([&](auto receipt) {
      receipt.setNumber(++receipts);
      receipt.setPayer(payer);
    });
  }

private:
  uint64_t receipts = 0;
};

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 2, "usage: bank-server HOST:PORT");
  troth::Vat vat;
  vat.serve(kj::heap<BankServer>());
  auto port = vat.listen(argv[1]).wait(vat);
  std::cout << "listening on 127.0.0.1:" << port << std::endl;
  vat.run();
}

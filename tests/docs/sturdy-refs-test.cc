// What docs/guide/sturdy-refs.md shows.

#include <gtest/gtest.h>
#include <troth/vat.h>
#include <unistd.h>

#include <map>
#include <string>

#include "bank.troth.h"

namespace {

using bank::Account;
using bank::Bank;

// What the bank knows: a database would do as well.
using Ledger = std::map<std::string, int64_t>;

class AccountServer final: public troth::Server<Account> {
public:
  explicit AccountServer(int64_t& amount): amount(amount) {}

  kj::Promise<void> balance(Balance call) override { return call.fulfill(amount); }

private:
  int64_t& amount;
};

class BankServer final: public troth::Server<Bank> {
public:
  BankServer(Ledger& ledger, troth::Restorer<Account> accounts)
      : ledger(ledger), accounts(kj::mv(accounts)) {}

  kj::Promise<void> openAccount(OpenAccount call) override {
    ledger[call.owner()] = call.deposit();
    return call.fulfill(accounts(call.owner()));
  }

private:
  Ledger& ledger;
  troth::Restorer<Account> accounts;
};

// The bank in one process of its own, as far as its clients can tell.
struct Process {
  troth::Vat vat;

  Process(troth::Loop& loop, const std::string& address, std::vector<kj::byte> key, Ledger& ledger)
      : vat(options(loop, address, kj::mv(key))) {
    auto accounts = vat.restorer<Account>([&ledger](kj::StringPtr owner) {
      auto row = ledger.find(owner);
      KJ_REQUIRE(row != ledger.end(), "no such account", owner);
      return kj::heap<AccountServer>(row->second);
    });
    vat.serve(kj::heap<BankServer>(ledger, accounts));
    vat.listen(address).wait(vat);
  }

  static troth::VatOptions options(
      troth::Loop& loop, const std::string& address, std::vector<kj::byte> key) {
    troth::VatOptions options;
    options.loop = loop;
    options.publicAddress = address;
    options.sturdyKey = kj::mv(key);
    return options;
  }
};

// A client's process that opens an account, and keeps nothing but the text.
kj::String openAccount(troth::Loop& loop, const std::string& address) {
  troth::Vat vat({.loop = loop});
  auto bank = vat.connect<Bank>(address);
  auto account = bank.openAccount("alice", 100).account();
  auto text = account.save().wait(vat).toText();
  return text;
}

TEST(SturdyRefsGuide, AnAccountIsThereAgainAfterARestart) {
  troth::Loop loop;
  Ledger ledger;
  auto address = "unix:" + testing::TempDir() + "troth-guide-" + std::to_string(getpid());
  std::vector<kj::byte> key(32, 1);

  auto server = kj::heap<Process>(loop, address, key, ledger);
  auto text = openAccount(loop, address);
  server = nullptr;
  server = kj::heap<Process>(loop, address, key, ledger);

  troth::Vat vat({.loop = loop});
  auto again = vat.restore<Account>(text);
  EXPECT_EQ(again.balance().amount().wait(vat), 100);

  server->vat.revoke("Account", "alice").wait(vat);
  KJ_IF_MAYBE(failure,
      kj::runCatchingExceptions([&]() { vat.restore<Account>(text).balance().wait(vat); })) {
    EXPECT_NE(strstr(failure->getDescription().cStr(), "not valid"), nullptr);
  } else {
    ADD_FAILURE() << "a revoked ref was restored";
  }
  EXPECT_EQ(again.balance().amount().wait(vat), 100);
}

}  // namespace

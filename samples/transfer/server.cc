// A bank whose transfers happen once, however often it dies. Usage: transfer-server STORE ADDRESS
#include <kj/debug.h>
#include <troth/sql.h>
#include <troth/store.h>
#include <troth/vat.h>

#include <map>

#include "bank.troth.h"
#include "tables.h"

using transfer::Bank;
using troth::Sql;

class BankServer final: public troth::Server<Bank> {
public:
  // The SQL and the record of the call are one commit: both survive, or neither happened.
  kj::Promise<void> transfer(Transfer call) override {
    if (call.tries() > 1) ++takenUp;
    auto received = co_await call.transaction([&](Sql& sql) -> kj::Promise<int64_t> {
      KJ_REQUIRE(call.amount() > 0 && call.from() != call.to(), "nothing to move");
      // In the order of their names, so that no two transfers wait for each other's account.
      std::map<kj::StringPtr, int64_t> changes{
          {call.from(), -call.amount()}, {call.to(), call.amount()}};
      for (auto [owner, change]: changes) co_await add(sql, owner, change);
      co_await sql.run("INSERT INTO ledger (id, payer, payee, cents) VALUES ($1, $2, $3, $4)",
          call.id(), call.from(), call.to(), call.amount());
      co_return call.amount();
    });
    call.fulfill(received);
  }

  kj::Promise<void> audit(Audit call) override {
    auto report = co_await call.transaction([this](Sql& sql) -> kj::Promise<kj::String> {
      co_return kj::str(reportOf(co_await sql.run(COUNT)), "\nthe bank finished ", takenUp,
          " transfers that a crash had interrupted");
    });
    call.fulfill(report);
  }

private:
  int takenUp = 0;

  static kj::Promise<void> add(Sql& sql, kj::StringPtr owner, int64_t change) {
    auto rows = co_await sql.run(
        "UPDATE accounts SET cents = cents + $1 WHERE owner = $2 RETURNING cents", change, owner);
    KJ_REQUIRE(rows.rows() == 1, "there is no such account", owner);
    KJ_REQUIRE(rows.asInt64(0, 0) >= 0, "the account does not hold that much", owner);
  }
};

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 3, "usage: transfer-server STORE ADDRESS");
  troth::Loop loop;
  auto store = troth::openStore(argv[1]);
  store->execute(TABLES).wait(loop.waitScope());

  // When a bank dies, another one that uses the store goes on after two seconds at the latest.
  troth::Vat vat({.loop = loop, .store = kj::mv(store), .durable = {.lease = 2 * kj::SECONDS}});
  vat.serve(kj::heap<BankServer>()).run(argv[2]);
}

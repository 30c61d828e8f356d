#pragma once
// What tests of a program's own SQL share. To run the contract over a store:
//
//     TROTH_TEST_SQL(Sqlite, []() -> kj::Own<troth::StoreWorld> { return kj::heap<SqliteWorld>();
//     });

#include "store-contract.h"

namespace troth {

using Value = kj::Array<const kj::byte>;

inline TransactRequest transactionOf(kj::StringPtr id) { return {.record = outside(id)}; }

inline TransactRequest fenced(
    kj::StringPtr id, kj::StringPtr call, uint64_t epoch, kj::StringPtr owner) {
  return {.record = outside(id), .fence = LeaseFence{kj::str(call), epoch, kj::str(owner)}};
}

// Two accounts with 100 each.
constexpr kj::StringPtr MAKE_ACCOUNTS = R"sql(
  DROP TABLE IF EXISTS accounts;
  CREATE TABLE accounts (name text PRIMARY KEY, balance bigint NOT NULL);
  INSERT INTO accounts (name, balance) VALUES ('alice', 100), ('bob', 100)
)sql"_kj;

// Adds to what alice has, and gives what that is then.
inline kj::Promise<Value> deposit(Sql& sql, int64_t amount) {
  co_await sql.run("UPDATE accounts SET balance = balance + $1 WHERE name = 'alice'", amount);
  auto rows = co_await sql.run("SELECT balance FROM accounts WHERE name = 'alice'");
  co_return bytesOf(kj::str(rows.asInt64(0, 0)));
}

inline SqlUse depositor(int64_t amount) {
  return [amount](Sql& sql) { return deposit(sql, amount); };
}

// What is not to run.
inline SqlUse never() {
  return [](Sql&) -> kj::Promise<Value> {
    ADD_FAILURE() << "this was not to run";
    return Value();
  };
}

inline kj::Promise<Record> depositing(Store& store, kj::StringPtr id, int64_t amount) {
  return store.transact(transactionOf(id), depositor(amount));
}

inline kj::Promise<Value> receipt(kj::Promise<SqlRows> rows) {
  return rows.then([](SqlRows&&) { return bytesOf("receipt"); });
}

inline kj::Promise<Value> transfer(Sql& sql, kj::StringPtr from, kj::StringPtr to, int64_t amount) {
  return receipt(
      sql.run("UPDATE accounts SET balance = balance + CASE name WHEN $1 THEN -1 ELSE 1 "
              "END * $3::bigint WHERE name IN ($1, $2)"_kj,
          from, to, amount));
}

// A transaction that has changed what alice has, and waits for `goOn`.
struct OpenTransaction {
  kj::Promise<Record> record;
  kj::Own<kj::PromiseFulfiller<void>> goOn;
};

class SqlContract: public StoreContract {
protected:
  SqlContract() { wait(store->execute(MAKE_ACCOUNTS)); }
  ~SqlContract() noexcept override {}

  // What outlives the function that has made it.
  kj::Promise<void> wellKept = nullptr;

  bool isPostgres() const { return GetParam().name == "Postgres"_kj; }

  Record transact(kj::StringPtr id, int64_t amount) { return wait(depositing(*store, id, amount)); }

  // What one statement gives, in a transaction of its own.
  template <typename... Values>
  SqlRows query(kj::StringPtr statement, const Values&... values) {
    kj::Maybe<SqlRows> rows;
    wait(store->transact(transactionOf(kj::str("query ", ++queries)), [&](Sql& sql) {
      return sql.run(statement, values...).then([&](SqlRows&& result) {
        rows = kj::mv(result);
        return Value();
      });
    }));
    return kj::mv(KJ_ASSERT_NONNULL(rows));
  }

  template <typename... Values>
  void refuseQuery(kj::StringPtr part, kj::StringPtr statement, const Values&... values) {
    SCOPED_TRACE(statement.cStr());
    auto refused = store->transact(transactionOf(kj::str("query ", ++queries)),
        [&](Sql& sql) { return receipt(sql.run(statement, values...)); });
    expectRefused(kj::mv(refused), part);
    EXPECT_EQ(balance("alice"), 100);
  }

  int64_t balance(kj::StringPtr name) {
    return query("SELECT balance FROM accounts WHERE name = $1", name).asInt64(0, 0);
  }

  OpenTransaction openTransaction(kj::StringPtr id) {
    auto changed = kj::newPromiseAndFulfiller<void>();
    auto goOn = kj::newPromiseAndFulfiller<void>();
    auto record = store->transact(transactionOf(id),
        [changed = kj::mv(changed.fulfiller), waiting = kj::mv(goOn.promise)](Sql& sql) mutable {
          return deposit(sql, 30).then([&](Value&& value) {
            changed->fulfill();
            return waiting.then([value = kj::mv(value)]() mutable { return kj::mv(value); });
          });
        });
    wait(kj::mv(changed.promise));
    return {kj::mv(record), kj::mv(goOn.fulfiller)};
  }

  static kj::Promise<Value> depositAnd(Sql& sql, kj::StringPtr statement) {
    co_await deposit(sql, 30);
    co_await sql.run(statement);
    co_return bytesOf("receipt");
  }

  static kj::Promise<Value> swallowFailure(Sql& sql) {
    co_await deposit(sql, 30);
    co_await sql.run("SELECT * FROM nothing").ignoreResult().catch_([](kj::Exception&&) {});
    co_await sql.run("SELECT 1").ignoreResult().catch_([](kj::Exception&&) {});
    co_return bytesOf("receipt");
  }

private:
  int queries = 0;
};

#define TROTH_TEST_SQL(Name, makeWorld) \
  INSTANTIATE_TEST_SUITE_P(Name, SqlContract, testing::Values(::troth::StoreKind{#Name, makeWorld}))

}  // namespace troth

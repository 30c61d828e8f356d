// What every store does, done by that in PostgreSQL.

#include "pg-cluster.h"
#include "pg-connection.h"
#include "sql-contract.h"

namespace troth {
namespace {

PgCluster& cluster() {
  static PgCluster cluster;
  return cluster;
}

class PgWorld final: public StoreWorld {
public:
  PgWorld() {
    auto& loop = Loop::current();
    auto connection = PgConnection::connect(loop, cluster().where()).wait(loop.waitScope());
    connection->runScript("DROP SCHEMA IF EXISTS troth CASCADE")
        .wait(loop.waitScope())
        .takeResults();
  }

  kj::Own<Store> open(StoreOptions options) override {
    return newPostgresStore(cluster().where(), options);
  }

  void crash() override {
    cluster().kill();
    cluster().start();
  }
};

TROTH_TEST_STORE(Postgres, []() -> kj::Own<StoreWorld> { return kj::heap<PgWorld>(); });
TROTH_TEST_SQL(Postgres, []() -> kj::Own<StoreWorld> { return kj::heap<PgWorld>(); });

}  // namespace
}  // namespace troth

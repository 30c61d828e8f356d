// pg-child WHERE: another process that creates and settles promises in a PostgreSQL store until it
// is killed. It says so as child-writes.h tells.
//
// pg-child WHERE ID: stays in the midst of a transaction until it is killed.

#include "child-transaction.h"

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 2 || argc == 3, "see the top of this file");
  troth::Loop loop;
  auto store = troth::newPostgresStore(argv[1]);
  if (argc == 2) troth::writeForever(loop, *store);
  if (argc == 3) troth::stayInTransaction(loop, *store, argv[2]);
}

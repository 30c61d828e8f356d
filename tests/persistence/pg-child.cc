// pg-child WHERE: another process that creates and settles promises in a PostgreSQL store until it
// is killed. It says so as child-writes.h tells.

#include "child-writes.h"

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 2, "see the top of this file");
  troth::Loop loop;
  auto store = troth::newPostgresStore(argv[1]);
  troth::writeForever(loop, *store);
}

// sqlite-child WHAT PATH [ARGUMENTS]: another process that uses a store's file, for tests.
//
//   write                 creates and settles promises until it is killed
//   work STEP all|some    a little of each; power goes at the STEPth write, and with it what
//                         was not synced
//   create PREFIX COUNT   creates promises
//   await ID              prints the value of a promise once it has settled
//   transact ID           stays in the midst of a transaction until it is killed
//
// Says `c ID` when a promise is created, and `s ID` when it has settled.

#include "child-transaction.h"
#include "fault-vfs.h"
#include "sqlite-testing.h"

namespace troth {
namespace {

void workUntilPowerCut(Loop& loop, kj::StringPtr path, uint64_t step, FaultVfs::Loss loss) {
  FaultVfs vfs;
  vfs.cutPowerAt(step, loss);
  auto store = newSqliteStore(path);
  for (int i = 0; i < 3; ++i) {
    auto both = kj::heapArrayBuilder<kj::Promise<void>>(2);
    both.add(createAndSettle(*store, kj::str("a", i)));
    both.add(createAndSettle(*store, kj::str("b", i)));
    kj::joinPromises(both.finish()).wait(loop.waitScope());
  }
}

void create(Loop& loop, kj::StringPtr path, kj::StringPtr prefix, int count) {
  auto store = newSqliteStore(path);
  for (int i = 0; i < count; ++i) {
    auto id = kj::str(prefix, i);
    store->create(external(id)).wait(loop.waitScope());
    say("c", id);
  }
}

void await(Loop& loop, kj::StringPtr path, kj::StringPtr id) {
  auto store = newSqliteStore(path);
  auto waiting = store->whenSettled(id);
  store->find(id).wait(loop.waitScope());
  say("waiting", id);
  auto record = kj::mv(waiting).wait(loop.waitScope());
  say("settled", kj::heapString(record.value.asChars()));
}

int run(int argc, char* argv[]) {
  KJ_REQUIRE(argc >= 3, "see the top of this file");
  kj::StringPtr what = argv[1], path = argv[2];
  Loop loop;
  if (what == "write") writeForever(loop, *newSqliteStore(path));
  if (what == "work" && argc == 5) {
    auto loss = argv[4] == "all"_kj ? FaultVfs::Loss::EVERYTHING : FaultVfs::Loss::SOMETHING;
    workUntilPowerCut(loop, path, kj::StringPtr(argv[3]).parseAs<uint64_t>(), loss);
  }
  if (what == "create" && argc == 5) {
    create(loop, path, argv[3], kj::StringPtr(argv[4]).parseAs<int>());
  }
  if (what == "await" && argc == 4) await(loop, path, argv[3]);
  if (what == "transact" && argc == 4) stayInTransaction(loop, *newSqliteStore(path), argv[3]);
  return 0;
}

}  // namespace
}  // namespace troth

int main(int argc, char* argv[]) { return troth::run(argc, argv); }

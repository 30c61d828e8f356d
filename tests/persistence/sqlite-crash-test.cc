// The store in a SQLite file when processes die, power goes, and disks are full or fail.

#include <fcntl.h>
#include <kj/vector.h>
#include <sys/resource.h>

#include <fstream>

#include "child-process.h"
#include "fault-vfs.h"
#include "sqlite-schema.h"
#include "sqlite-testing.h"

namespace troth {
namespace {

using Type = kj::Exception::Type;

constexpr kj::StringPtr CHILD = TROTH_SQLITE_CHILD ""_kj;

// Checks that all that was acknowledged is there, and nothing half.
void checkFile(kj::StringPtr path, const std::vector<std::string>& acknowledged) {
  Loop loop;
  auto store = newSqliteStore(path);
  for (auto& line: acknowledged) {
    auto id = kj::StringPtr(line.c_str()).slice(2);
    KJ_IF_MAYBE(record, store->find(id).wait(loop.waitScope())) {
      EXPECT_EQ("params"_kj.asBytes(), record->call.params.asPtr());
      if (line[0] != 's') continue;
      EXPECT_EQ(PromiseState::FULFILLED, record->state) << line;
      EXPECT_EQ(id.asBytes(), record->value.asPtr()) << line;
    } else {
      ADD_FAILURE() << "lost: " << line;
    }
  }
  store = nullptr;
  SqliteDatabase database(path, 1 * kj::SECONDS);
  EXPECT_EQ("ok"_kj, database.readText("PRAGMA integrity_check"));
  EXPECT_EQ(0, database.readNumber(R"sql(
    SELECT count(*) FROM promises AS p
    WHERE tags <> 'all' || char(10) || 'some' OR (value IS NULL) <> (settled IS NULL)
      OR NOT EXISTS (SELECT * FROM promise_params AS m WHERE m.number = p.number)
      OR 2 <> (SELECT count(*) FROM promise_tags AS t WHERE t.id = p.id)
  )sql"));
}

TEST(SqliteCrash, WhatWasAcknowledgedSurvivesKills) {
  const int rounds = killCount(200);
  TemporaryFolder folder;
  auto path = folder.file("promises.db");
  std::vector<std::string> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    ChildProcess child{CHILD, "write", path};
    for (int i = 0; i < 1 + round % 50; ++i) acknowledged.push_back(child.readLine());
    child.kill();
    for (auto& line: child.readAll()) acknowledged.push_back(line);
  }
  checkFile(path, acknowledged);
}

// Cuts the power at each step of some work, one after the other.
void cutPowerEverywhere(kj::StringPtr loss) {
  constexpr int STEPS_MAX = 1000;
  int step = 1;
  for (; step < STEPS_MAX; ++step) {
    TemporaryFolder folder;
    auto path = folder.file("promises.db");
    auto steps = kj::str(step);
    ChildProcess child{CHILD, "work", path, steps, loss};
    auto acknowledged = child.readAll();
    auto status = child.wait();
    checkFile(path, acknowledged);
    if (status == 0) break;
    ASSERT_EQ(FaultVfs::POWER_CUT, status) << "at step " << step;
    if (testing::Test::HasFailure()) FAIL() << "at step " << step;
  }
  EXPECT_LT(50, step);
  EXPECT_LT(step, STEPS_MAX);
}

TEST(SqliteCrash, APowerCutLosesNothingThatWasAcknowledged) { cutPowerEverywhere("all"); }

TEST(SqliteCrash, APowerCutThatLosesSomeWritesLosesNothingThatWasAcknowledged) {
  cutPowerEverywhere("some");
}

// ---- Disks that fail ----

// Makes a request again as long as it fails as a disk does.
template <typename Func>
auto persist(Func&& func) {
  constexpr int ATTEMPTS_MAX = 3;
  for (int attempt = 1;; ++attempt) {
    try {
      return func();
    } catch (kj::Exception& exception) {
      auto type = exception.getType();
      if (attempt == ATTEMPTS_MAX || (type != Type::OVERLOADED && type != Type::DISCONNECTED)) {
        throw;
      }
    }
  }
}

TEST(SqliteCrash, AFailureAtAnyStepIsOvercomeByRepeatingTheRequest) {
  FaultVfs vfs;
  auto failed = true;
  for (int step = 1; failed; ++step) {
    TemporaryFolder folder;
    auto path = folder.file("promises.db");
    std::vector<std::string> acknowledged;
    vfs.failAt(step);
    {
      Loop loop;
      auto store = persist([&]() { return newSqliteStore(path); });
      for (auto id: {"a", "b", "c"}) {
        auto request = [&]() {
          auto request = call(id, "bank");
          request.tags = kj::arr(kj::str("all"), kj::str("some"));
          return request;
        };
        persist([&]() { store->create(request()).wait(loop.waitScope()); });
        persist([&]() { store->settle(fulfillment(id, id)).wait(loop.waitScope()); });
        acknowledged.push_back(kj::str("s ", id).cStr());
      }
    }
    failed = vfs.hasFailed();
    vfs.heal();
    checkFile(path, acknowledged);
    if (testing::Test::HasFailure()) FAIL() << "at step " << step;
  }
}

// ---- Full disks ----

// Creates promises until that fails for want of space. Gives the ids of those that were created.
kj::Vector<kj::String> fill(Loop& loop, Store& store) {
  constexpr int PROMISES_MAX = 10000;
  kj::Vector<kj::String> ids;
  while (ids.size() < PROMISES_MAX) {
    auto id = kj::str("p", ids.size());
    auto request = call(id, "bank");
    request.call.params = kj::heapArray<kj::byte>(10000);
    auto creation = store.create(kj::mv(request));
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { creation.wait(loop.waitScope()); })) {
      EXPECT_EQ(Type::OVERLOADED, exception->getType()) << exception->getDescription().cStr();
      EXPECT_NE(
          std::string::npos, std::string(exception->getDescription().cStr()).find("disk is full"));
      return ids;
    }
    ids.add(kj::mv(id));
  }
  ADD_FAILURE() << "there was always space";
  return ids;
}

void expectAll(Loop& loop, Store& store, kj::ArrayPtr<const kj::String> ids) {
  for (auto& id: ids) EXPECT_TRUE(store.find(id).wait(loop.waitScope()) != nullptr) << id.cStr();
}

// Files of this process cannot get larger than this.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    KJ_SYSCALL(getrlimit(RLIMIT_FSIZE, &before));
    rlimit now{bytes, before.rlim_max};
    KJ_SYSCALL(setrlimit(RLIMIT_FSIZE, &now));
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
  }
  KJ_DISALLOW_COPY_AND_MOVE(FileSizeLimit);

private:
  rlimit before;
};

TEST(SqliteCrash, AFileThatMayNotGrowLosesNothingAndGoesOnLater) {
  TemporaryFolder folder;
  Loop loop;
  auto path = folder.file("promises.db");
  auto store = newSqliteStore(path);
  auto limit = kj::heap<FileSizeLimit>(2 << 20);
  auto ids = fill(loop, *store);
  EXPECT_LT(10u, ids.size());
  expectAll(loop, *store, ids);
  limit = nullptr;
  store->create(external("afterwards")).wait(loop.waitScope());
  store = newSqliteStore(path);
  expectAll(loop, *store, ids);
}

TEST(SqliteCrash, AFullDiskLosesNothingAndGoesOnWhenThereIsSpace) {
  TemporaryFolder folder;
  auto disk = SmallDisk::tryMount(folder.path, "4m");
  if (disk == nullptr) GTEST_SKIP() << "this user may not mount a tmpfs";
  Loop loop;
  auto ballast = folder.file("ballast");
  std::ofstream(ballast.cStr()) << std::string(2 << 20, 'x');
  auto path = folder.file("promises.db");
  auto store = newSqliteStore(path);
  auto ids = fill(loop, *store);
  EXPECT_LT(10u, ids.size());
  expectAll(loop, *store, ids);
  std::filesystem::remove(ballast.cStr());
  store->create(external("afterwards")).wait(loop.waitScope());
  store = newSqliteStore(path);
  expectAll(loop, *store, ids);
  store = nullptr;
}

// ---- Two processes ----

TEST(SqliteCrash, AnotherProcessHearsWhenAPromiseSettles) {
  TemporaryFolder folder;
  Loop loop;
  auto path = folder.file("promises.db");
  auto store = newSqliteStore(path);
  store->create(external("a")).wait(loop.waitScope());
  ChildProcess child{CHILD, "await", path, "a"};
  EXPECT_EQ("waiting a", child.readLine());
  store->settle(fulfillment("a", "done")).wait(loop.waitScope());
  EXPECT_EQ("settled done", child.readLine());
  EXPECT_EQ(0, child.wait());
}

TEST(SqliteCrash, ProcessesThatStartAtOnceShareAFile) {
  constexpr int CHILDREN = 6, PROMISES = 20;
  TemporaryFolder folder;
  auto path = folder.file("promises.db");
  kj::Vector<kj::Own<ChildProcess>> children;
  auto count = kj::str(PROMISES);
  for (int i = 0; i < CHILDREN; ++i) {
    auto prefix = kj::str(i, '.');
    children.add(kj::heap<ChildProcess>(
        std::initializer_list<kj::StringPtr>{CHILD, "create", path, prefix, count}));
  }
  for (auto& child: children) {
    EXPECT_EQ(size_t(PROMISES), child->readAll().size());
    EXPECT_EQ(0, child->wait());
  }
  SqliteDatabase database(path, 1 * kj::SECONDS);
  EXPECT_EQ(CHILDREN * PROMISES, database.readNumber("SELECT count(*) FROM promises"));
}

}  // namespace
}  // namespace troth

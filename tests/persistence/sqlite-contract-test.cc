// What every store does, done by that in a SQLite file, also when the power is cut.

#include <cstdlib>
#include <filesystem>

#include "fault-vfs.h"
#include "sql-contract.h"

namespace troth {
namespace {

// Enough for the requests of a window in all stores, and for closing these.
constexpr uint64_t FAULT_STEPS_MAX = 64;

struct NamedLoss {
  FaultVfs::Loss loss;
  const char* name;
};
constexpr NamedLoss LOSSES[] = {{FaultVfs::Loss::NOTHING, "nothing"},
    {FaultVfs::Loss::EVERYTHING, "everything"}, {FaultVfs::Loss::SOMETHING, "something"}};

FaultVfs& disk() {
  static FaultVfs disk;
  return disk;
}

class SqliteWorld final: public StoreWorld {
public:
  SqliteWorld() {
    std::string pattern = std::filesystem::temp_directory_path() / "troth-store.XXXXXX";
    KJ_ASSERT(mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
  }
  ~SqliteWorld() noexcept(false) { std::filesystem::remove_all(folder); }

  kj::Own<Store> open(StoreOptions options) override {
    return newSqliteStore((folder / "promises.db").c_str(), options);
  }

  std::string planFault(std::mt19937& random) override {
    auto step = 1 + random() % FAULT_STEPS_MAX;
    auto& [loss, name] = LOSSES[random() % std::size(LOSSES)];
    disk.failFrom(step, loss);
    return kj::str(" at step ", step, ", which loses ", name, " of what was not synced").cStr();
  }

  void crash() override { disk.heal(); }

private:
  FaultVfs& disk = troth::disk();
  std::filesystem::path folder;
};

TROTH_TEST_STORE(Sqlite, []() -> kj::Own<StoreWorld> { return kj::heap<SqliteWorld>(); });
TROTH_TEST_SQL(Sqlite, []() -> kj::Own<StoreWorld> { return kj::heap<SqliteWorld>(); });

}  // namespace
}  // namespace troth

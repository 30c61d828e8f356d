// What every store does, done by that in a SQLite file.

#include <cstdlib>
#include <filesystem>

#include "sql-contract.h"

namespace troth {
namespace {

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

private:
  std::filesystem::path folder;
};

TROTH_TEST_STORE(Sqlite, []() -> kj::Own<StoreWorld> { return kj::heap<SqliteWorld>(); });
TROTH_TEST_SQL(Sqlite, []() -> kj::Own<StoreWorld> { return kj::heap<SqliteWorld>(); });

}  // namespace
}  // namespace troth

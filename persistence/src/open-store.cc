#include <kj/debug.h>
#include <troth/store.h>

namespace troth {

kj::Own<Store> openStore(kj::StringPtr location, StoreOptions options) {
  constexpr auto SQLITE = "sqlite:"_kj;
  if (location == "memory:") return newMemoryStore(options);
  if (location.startsWith(SQLITE)) return newSqliteStore(location.slice(SQLITE.size()), options);
  if (location.startsWith("postgresql://") || location.startsWith("postgres://")) {
    return newPostgresStore(location, options);
  }
  KJ_FAIL_REQUIRE(
      "this is not where a store is: there are sqlite:PATH, postgresql://…, postgres://… and "
      "memory:",
      location);
}

}  // namespace troth

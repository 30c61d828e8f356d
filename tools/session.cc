#include "session.h"

#include <kj/debug.h>
#include <kj/filesystem.h>
#include <stdlib.h>

namespace troth::command {
namespace {

// How long a person waits for a store that cannot be reached.
constexpr auto PATIENCE = 10 * kj::SECONDS;

constexpr auto SQLITE = "sqlite:"_kj;

kj::Maybe<kj::StringPtr> environment(const char* name) {
  auto value = getenv(name);
  if (value == nullptr || *value == '\0') return nullptr;
  return kj::StringPtr(value);
}

kj::String dataFolder() {
  KJ_IF_MAYBE(data, environment("XDG_DATA_HOME")) return kj::str(*data, "/troth");
  KJ_IF_MAYBE(home, environment("HOME")) return kj::str(*home, "/.local/share/troth");
  KJ_FAIL_REQUIRE("neither HOME nor TROTH_STORE is set; say where promises are with --store");
}

kj::String defaultFile() { return kj::str(SQLITE, dataFolder(), "/promises.db"); }

// Makes the folder of the default store, and of no other: a mistyped path should not grow folders.
void makeFolderOf(kj::StringPtr location) {
  if (environment("TROTH_STORE") != nullptr || location != defaultFile()) return;
  auto disk = kj::newDiskFilesystem();
  auto folder = disk->getCurrentPath().evalNative(dataFolder());
  disk->getRoot().openSubdir(folder,
      kj::WriteMode::CREATE | kj::WriteMode::MODIFY | kj::WriteMode::CREATE_PARENT |
          kj::WriteMode::PRIVATE);
}

void requireFile(kj::StringPtr path) {
  auto disk = kj::newDiskFilesystem();
  if (disk->getRoot().exists(disk->getCurrentPath().evalNative(path))) return;
  kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED,
      kj::str("there is no store in ", path,
          " yet: `troth promises create` makes one, --store or TROTH_STORE name another")));
}

}  // namespace

kj::String defaultLocation() {
  KJ_IF_MAYBE(location, environment("TROTH_STORE")) {
    KJ_REQUIRE(isLocation(*location), kj::str("TROTH_STORE is wrong: ", LOCATION_HINT));
    return kj::str(*location);
  }
  return defaultFile();
}

bool isLocation(kj::StringPtr location) {
  if (location.startsWith(SQLITE)) return location.size() > SQLITE.size();
  return location.startsWith("postgresql://") || location.startsWith("postgres://") ||
      location == "memory:";
}

Session::Session(kj::StringPtr location, WhenMissing whenMissing) {
  if (location.startsWith(SQLITE)) {
    if (whenMissing == WhenMissing::REFUSE) {
      requireFile(location.slice(SQLITE.size()));
    } else {
      makeFolderOf(location);
    }
  }
  opened = openStore(location, {.patience = PATIENCE});
}

}  // namespace troth::command

#pragma once
// What is in a store's SQLite file. sqlite-schema.cc has the tables, and tells what is in them, for
// those who look at them with SQL.

#include "sqlite.h"

namespace troth {

// What this program writes, in the file's PRAGMA user_version. An older file is brought up to it.
constexpr int64_t SQLITE_SCHEMA_VERSION = 1;

// A connection to a file whose schema is this program's. Throws FAILED if a newer program has been
// there, for it may follow rules that are not known here.
kj::Own<SqliteDatabase> openSqliteDatabase(kj::StringPtr path, kj::Duration patience);

}  // namespace troth

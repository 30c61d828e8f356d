#pragma once
// The tables that the PostgreSQL store keeps its records in, and how they came to be.
//
// All of it is in the schema `troth`. For people who query it with SQL there is the view
// `troth.promises_readable`; its columns are described in docs/reference/store-schema.md.

#include <kj/async.h>

namespace troth {

class PgConnection;

// The version of the layout that this program knows.
constexpr int PG_SCHEMA_VERSION = 3;

// Brings the layout of the database up to `version`, or finds that it is there. Programs that do so
// at the same time wait for each other. Throws FAILED if the layout is of a later program.
kj::Promise<void> migrate(PgConnection& connection, int version = PG_SCHEMA_VERSION);

}  // namespace troth

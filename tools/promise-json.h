#pragma once
// Records as scripts read them. docs/reference/troth-command.md lists the fields.

#include <troth/record.h>

#include "json.h"
#include "record-types.h"

namespace troth::command {

// An object that more fields can be added to.
JsonObject recordAsJson(const Record& record, const RecordTypes& types);

// "failed", "overloaded", "disconnected", "unimplemented"
kj::StringPtr nameOf(kj::Exception::Type type);
kj::Maybe<kj::Exception::Type> findErrorType(kj::StringPtr name);

}  // namespace troth::command

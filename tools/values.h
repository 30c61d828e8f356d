#pragma once
// Stored messages as text, and the other way round.

#include <capnp/schema.h>
#include <kj/string.h>

#include "schemas.h"

namespace troth::command {

enum class Layout { ONE_LINE, MANY_LINES };

// In Cap'n Proto's text form if it is known what the bytes are, which is if they are of `type` or
// hold plain text; else "<123 bytes>". "-" if there is nothing in them.
kj::String showValue(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type,
    Layout layout = Layout::ONE_LINE);

// The same as JSON, "null" where it is not known. An object in it is {"ref": "its sturdy ref"}, and
// data is in Base64.
kj::String showValueAsJson(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type,
    const Schemas& schemas);

// The sturdy refs in a value.
kj::Array<kj::String> refsOf(kj::ArrayPtr<const kj::byte> bytes);

// Reads Cap'n Proto's text form: (approved = true). Throws FAILED if it does not fit `type`.
kj::Array<const kj::byte> parseValue(kj::StringPtr text, capnp::StructSchema type);

// A value that is plain text.
kj::Array<const kj::byte> textValue(kj::StringPtr text);

}  // namespace troth::command

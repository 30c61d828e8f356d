#pragma once
// An error in what a schema says, for its author to read.

#include <capnp/schema.capnp.h>

namespace troth::compiler {

// Throws an exception that says `what`, after the file, the line and the name of `node`, which
// starts at `startByte` of its file.
[[noreturn]] void failAt(capnp::schema::Node::Reader node, uint32_t startByte, kj::StringPtr what);

}  // namespace troth::compiler

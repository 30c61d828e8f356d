#pragma once
// Finds what a schema may say but C++ cannot.

#include <capnp/schema.capnp.h>

namespace troth::compiler {

// Throws if a name that the schema gives for C++ cannot be one. The message starts with file and
// line.
void checkNames(capnp::schema::CodeGeneratorRequest::Reader request);

}  // namespace troth::compiler

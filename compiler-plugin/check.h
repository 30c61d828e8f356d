#pragma once
// Finds what a schema may say but C++ cannot.

#include "schemas.h"

namespace troth::compiler {

// Throws if a name that the schema gives for C++ cannot be one.
void checkNames(const Schemas& schemas, capnp::schema::CodeGeneratorRequest::Reader request);

}  // namespace troth::compiler

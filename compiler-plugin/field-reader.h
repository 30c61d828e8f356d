#pragma once
// Reads the fields of a struct into the model.

#include "model.h"

namespace troth::compiler {

// The fields of `schema`, which generated code calls `owner`, in the order of the schema's text.
kj::Vector<Field> readFields(Schemas& schemas, capnp::StructSchema schema, const TypeName& owner);

// Gives fields that are the parameters of a function their default arguments, as far as C++ can
// spell them.
void readDefaultArguments(Schemas& schemas, capnp::StructSchema schema, kj::Vector<Field>& fields);

}  // namespace troth::compiler

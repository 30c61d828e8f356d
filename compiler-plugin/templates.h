#pragma once
// The templates: each turns a part of the model into text.

#include "model.h"

namespace troth::compiler {

// The whole of x.troth.h.
kj::String writeStub(const File& file);

// For each class template of the runtime: its declarations, then the bodies of its functions.
kj::String forwardPromise(const Struct& structure);
kj::String declarePromise(const Struct& structure);
kj::String definePromise(const Struct& structure);

kj::String forwardRef(const Interface& interface);
kj::String declareRef(const Interface& interface);
kj::String defineRef(const Interface& interface);

kj::String forwardServer(const Interface& interface);
kj::String declareServer(const Interface& interface);
kj::String defineServer(const Interface& interface);

// What differs between the specialisation for a concrete type and the one for a generic type, which
// is found by the type's id.
struct Specialization {
  // `template <>`, and what stands before functions: `inline`, or template parameters.
  kj::String head;
  kj::String functionHead;

  // `Ref<::bank::Bank>` or `_::InterfaceRef<0x1234, I>`.
  kj::String name;

  // What a name from a base class needs before it where the base depends on a template parameter:
  // `this->`, and with `template` where template arguments follow.
  kj::StringPtr self;
  kj::StringPtr selfTemplate;

  Specialization(const TypeName& type, uint64_t id, kj::StringPtr concrete, kj::StringPtr generic);
};

// The arguments of a function that takes each of `fields`.
kj::String declareArguments(const kj::Vector<Field>& fields);
kj::String defineArguments(const kj::Vector<Field>& fields);

// The list of their names, each after a comma.
kj::String passArguments(const kj::Vector<Field>& fields);

// `{0, "name", 0}`, the Field of the runtime.
kj::String describe(const Field& field);

}  // namespace troth::compiler

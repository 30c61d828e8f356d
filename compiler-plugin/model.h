#pragma once
// The model of one schema file: what the templates need, with names resolved and collisions
// settled.

#include <kj/one-of.h>
#include <kj/vector.h>

#include "schemas.h"

namespace troth::compiler {

struct Field {
  // What the compiler knows of the type, even of one that depends on a template parameter.
  enum class Kind { SCALAR, POINTER, INTERFACE, UNKNOWN };

  uint index;
  kj::Maybe<uint> pointer;
  kj::StringPtr name;
  kj::StringPtr doc;
  Kind kind;
  TypeName type;
  bool isUnionMember;

  // In C++: get…() of a reader, the accessors of a Promise and of a Call, and the argument of a
  // function.
  kj::String suffix;
  kj::String promiseName;
  kj::String callName;
  kj::String argumentName;

  kj::Maybe<kj::String> defaultArgument;
};

// A struct whose Promise has accessors: one from the schema, a group, or the results of a method.
struct Struct {
  uint64_t id;
  kj::String title;
  kj::String doc;
  TypeName type;
  kj::Vector<Field> fields;
};

// The parameters of a method, or its results.
struct Payload {
  // LIST: given in the method's declaration. NAMED: a struct of the schema.
  enum class Form { LIST, NAMED };

  Form form;
  TypeName type;
  kj::Vector<Field> fields;
};

struct Method {
  enum class Flavor { PLAIN, CANCELABLE, STREAMING, CANCELABLE_STREAMING };

  uint id;
  kj::StringPtr schemaName;
  kj::StringPtr doc;
  Flavor flavor;

  // DURABLE: every call is recorded.
  enum class Recording { ON_REQUEST, DURABLE } recording;
  TypeName interface;
  kj::String interfaceTitle;
  Payload params;

  // Void for streaming methods.
  kj::Maybe<Payload> results;

  // In C++: the method, the class of its calls, and the constant that describes it.
  kj::String name;
  kj::String className;
  kj::String constant;

  // Whether there is a form that takes a function which fills a builder.
  bool hasBuilderForm;

  bool isStreaming() const { return results == nullptr; }
};

// An interface that another one extends, directly or not.
struct Ancestor {
  TypeName type;
  kj::String title;
  kj::Vector<Method> methods;

  // Names of methods that are not in the ref, because another ancestor has them too.
  kj::Vector<kj::String> ambiguous;
};

struct Interface {
  uint64_t id;
  kj::String title;
  kj::StringPtr doc;
  TypeName type;
  kj::Vector<Method> methods;
  kj::Vector<Ancestor> ancestors;

  // What the server class derives from.
  kj::Vector<TypeName> bases;

  kj::Vector<Struct> results;
};

struct Include {
  kj::String path;
  enum class Quotes { LOCAL, SYSTEM } quotes;
};

using Definition = kj::OneOf<Struct, Interface>;

struct File {
  // Of the schema, without its suffix.
  kj::String path;
  kj::StringPtr doc;
  kj::Vector<Include> includes;
  kj::Vector<Definition> definitions;
};

// The model of `file`. It refers to text in `schemas`.
File readFile(Schemas& schemas, capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file);

}  // namespace troth::compiler

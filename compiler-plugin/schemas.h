#pragma once
// Schemas are all the nodes of one request of the Cap'n Proto compiler, with what belongs to them:
// doc comments, annotations, and the C++ names that capnpc-c++ gives them.

#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <kj/map.h>

#include "names.h"

namespace troth::compiler {

// A C++ type, as generated code spells it.
struct TypeName {
  enum class Form {
    CONCRETE,   // ::bank::Account
    HIDDEN,     // ::bank::A, which an enumerant A hides: needs a `struct` where a type is wanted
    DEPENDENT,  // S, where S is a parameter of the template around it
    MEMBER,     // S::Member: needs a `typename` where a type is wanted
  };

  kj::String text;
  Form form = Form::CONCRETE;

  bool isDependent() const { return form == Form::DEPENDENT || form == Form::MEMBER; }

  TypeName clone() const { return {kj::heapString(text), form}; }

  // The type, where a type is wanted.
  kj::String type() const;

  // Its member type, where a type is wanted.
  kj::String member(kj::StringPtr name) const;
};

class Schemas {
public:
  // Ids of annotations in capnp/c++.capnp.
  static constexpr uint64_t NAMESPACE = 0xb9c6f99ebf805f2c;
  static constexpr uint64_t NAME = 0xf264a779fef191ce;
  static constexpr uint64_t ALLOW_CANCELLATION = 0xac7096ff8cfc9dce;

  // Of annotations in troth/annotations.capnp.
  static constexpr uint64_t DURABLE = 0xa9378c5d5a44c144;

  explicit Schemas(capnp::schema::CodeGeneratorRequest::Reader request);

  // The schema of the node `id`, whose parameters are not bound to anything.
  capnp::Schema get(uint64_t id) { return loader.getUnbound(id); }

  // Throws an exception that says `what` of `node`, and where it is.
  [[noreturn]] void fail(capnp::schema::Node::Reader node, kj::StringPtr what) const;

  using Annotations = capnp::List<capnp::schema::Annotation>::Reader;
  static bool has(Annotations annotations, uint64_t id);

  kj::StringPtr getDoc(uint64_t id) const;
  kj::StringPtr getMemberDoc(uint64_t id, uint index) const;

  // The file that holds the node.
  uint64_t getFile(uint64_t id);

  // The name within its file, as in the schema: Outer.Inner.
  kj::String getTitle(capnp::Schema schema) const;

  // The type in C++. Parameters that are not bound are AnyPointer.
  TypeName getTypeName(capnp::Type type);
  TypeName getTypeName(capnp::Schema schema);

  // Whether a type refers to a parameter of a generic type around it.
  bool isDependent(capnp::Type type);
  bool isDependent(capnp::Schema schema);

  // Forgets, or gives, the files of the structs and interfaces named so far.
  void clearUsedFiles() { usedFiles.clear(); }
  bool isUsedFile(uint64_t id) const { return usedFiles.contains(id); }

  // The value of an enum.
  kj::String getEnumerant(capnp::EnumSchema schema, uint16_t value);

  // The name of a field, method or enumerant, for C++.
  template <typename Proto>
  kj::StringPtr getName(Proto proto) const {
    return findText(proto.getAnnotations(), NAME).orDefault(proto.getName());
  }

  // Whether a method of `interface` may be canceled by its caller.
  bool allowsCancellation(
      capnp::schema::Method::Reader method, capnp::schema::Node::Reader interface);

private:
  capnp::SchemaLoader loader;
  kj::HashMap<uint64_t, capnp::schema::Node::SourceInfo::Reader> sources;
  kj::HashSet<uint64_t> usedFiles;

  kj::String getPath(capnp::Schema schema, capnp::Schema brand);
  kj::String getBuiltinName(capnp::Type type);
  bool isHidden(capnp::schema::Node::Reader node);
  kj::String getAnyName(capnp::Type type);
  kj::String getNamespace(capnp::schema::Node::Reader file);
  kj::String getOwnName(capnp::schema::Node::Reader node, capnp::schema::Node::Reader parent);
  kj::String getArguments(capnp::schema::Node::Reader node, capnp::Schema brand);
  static kj::Maybe<kj::StringPtr> findText(Annotations annotations, uint64_t id);
};

}  // namespace troth::compiler

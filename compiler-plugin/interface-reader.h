#pragma once
// Reads an interface into the model, with all that it inherits.

#include "field-reader.h"

namespace troth::compiler {

// Reads one interface. Where it is generic, the types that depend on its parameters are named by
// way of the stock client, as C++ cannot name them otherwise: see InterfaceOf in <troth/ref.h>.
class InterfaceReader {
public:
  InterfaceReader(Schemas& schemas, capnp::InterfaceSchema schema);

  Interface read();

private:
  using MethodSchema = capnp::InterfaceSchema::Method;
  enum class Role { PARAMS, RESULTS };

  // What a method is called in C++, and the class of its calls.
  struct MethodNames {
    kj::String method;
    kj::String call;
  };

  Schemas& schemas;
  capnp::InterfaceSchema schema;
  TypeName type;

  // Superclasses and theirs, without duplicates, each before its own superclasses.
  kj::Vector<capnp::InterfaceSchema> ancestors;

  // Of this interface and its ancestors, by id.
  kj::HashMap<uint64_t, kj::Own<kj::Vector<MethodNames>>> names;

  void addBases(
      capnp::InterfaceSchema of, kj::HashSet<uint64_t>& seen, kj::Vector<TypeName>& bases);
  kj::Vector<Method> readMethods(capnp::InterfaceSchema from, const TypeName& typeOfFrom);
  Method readMethod(MethodSchema method, const MethodNames& names, const TypeName& interface);
  const kj::Vector<MethodNames>& namesOfMethods(capnp::InterfaceSchema of);
  Payload readPayload(MethodSchema method, const TypeName& interface, Role role);
  TypeName typeOfPayload(MethodSchema method, const TypeName& interface, Role role);
  kj::Maybe<Struct> readResults(MethodSchema method, const Method& model);
  kj::Maybe<TypeName> typeOfAncestor(capnp::InterfaceSchema ancestor);
  bool hasBuilderForm(MethodSchema method, const Payload& params);
  void settleInherited(Interface& interface);
  void nameConstants(Interface& interface);

  // Whether `I::Client::…Request` finds this method, and not another of the same name.
  bool isReachable(MethodSchema method);
  kj::String requestOf(MethodSchema method, const TypeName& interface);
};

}  // namespace troth::compiler

#include "interface-reader.h"

#include <algorithm>

namespace troth::compiler {

namespace {

// Collects the superclasses of `schema` and theirs.
void collectAncestors(capnp::InterfaceSchema schema, kj::HashSet<uint64_t>& seen,
    kj::Vector<capnp::InterfaceSchema>& ancestors) {
  for (auto superclass: schema.getSuperclasses()) {
    auto id = superclass.getProto().getId();
    if (seen.contains(id)) continue;
    seen.insert(id);
    ancestors.add(superclass);
    collectAncestors(superclass, seen, ancestors);
  }
}

kj::Vector<capnp::InterfaceSchema> ancestorsOf(capnp::InterfaceSchema schema) {
  kj::HashSet<uint64_t> seen;
  kj::Vector<capnp::InterfaceSchema> result;
  collectAncestors(schema, seen, result);
  return result;
}

Method::Flavor flavorOf(Schemas& schemas, capnp::InterfaceSchema::Method method) {
  bool isCancelable =
      schemas.allowsCancellation(method.getProto(), method.getContainingInterface().getProto());
  if (method.isStreaming()) {
    return isCancelable ? Method::Flavor::CANCELABLE_STREAMING : Method::Flavor::STREAMING;
  }
  return isCancelable ? Method::Flavor::CANCELABLE : Method::Flavor::PLAIN;
}

Method::Recording recordingOf(capnp::InterfaceSchema::Method method) {
  bool isDurable = Schemas::has(method.getProto().getAnnotations(), Schemas::DURABLE);
  return isDurable ? Method::Recording::DURABLE : Method::Recording::ON_REQUEST;
}

bool takesFunction(capnp::Type type) {
  return type.isStruct() || type.isList() || (type.isAnyPointer() && !type.isInterface());
}

}  // namespace

InterfaceReader::InterfaceReader(Schemas& schemas, capnp::InterfaceSchema schema)
    : schemas(schemas), schema(schema), ancestors(ancestorsOf(schema)) {
  if (schema.getProto().getIsGeneric()) {
    type = {kj::str("I"), TypeName::Form::DEPENDENT};
  } else {
    type = schemas.getTypeName(schema);
  }
}

Interface InterfaceReader::read() {
  auto id = schema.getProto().getId();
  Interface result{id, schemas.getTitle(schema), schemas.getDoc(id), type.clone(), {}, {}, {}, {}};
  result.methods = readMethods(schema, type);
  for (auto ancestor: ancestors) {
    KJ_IF_MAYBE(name, typeOfAncestor(ancestor)) {
      auto methods = readMethods(ancestor, *name);
      result.ancestors.add(
          Ancestor{kj::mv(*name), schemas.getTitle(ancestor), kj::mv(methods), {}});
    }
  }
  kj::HashSet<uint64_t> seen;
  addBases(schema, seen, result.bases);
  for (auto i: kj::indices(result.methods)) {
    auto method = schema.getMethods()[i];
    KJ_IF_MAYBE(results, readResults(method, result.methods[i])) {
      result.results.add(kj::mv(*results));
    }
  }
  settleInherited(result);
  nameConstants(result);
  return result;
}

// A superclass that has no name here is a generic one without methods: its own superclasses take
// its place.
void InterfaceReader::addBases(
    capnp::InterfaceSchema of, kj::HashSet<uint64_t>& seen, kj::Vector<TypeName>& bases) {
  for (auto superclass: of.getSuperclasses()) {
    auto id = superclass.getProto().getId();
    if (seen.contains(id)) continue;
    seen.insert(id);
    KJ_IF_MAYBE(name, typeOfAncestor(superclass)) {
      bases.add(kj::mv(*name));
    } else {
      addBases(superclass, seen, bases);
    }
  }
}

kj::Vector<Method> InterfaceReader::readMethods(
    capnp::InterfaceSchema from, const TypeName& typeOfFrom) {
  auto& names = namesOfMethods(from);
  kj::Vector<Method> result;
  for (auto method: from.getMethods()) {
    result.add(readMethod(method, names[method.getIndex()], typeOfFrom));
  }
  return result;
}

// A name that an ancestor uses is taken, so that the same name means the same method in a ref to
// the ancestor, and so that a server can override both.
const kj::Vector<InterfaceReader::MethodNames>& InterfaceReader::namesOfMethods(
    capnp::InterfaceSchema of) {
  auto id = of.getProto().getId();
  KJ_IF_MAYBE(known, names.find(id)) return **known;
  NameScope methods(Reserved::METHODS);
  NameScope calls(Reserved::CLASSES_OF_CALLS);
  for (auto ancestor: ancestorsOf(of)) {
    for (auto& taken: namesOfMethods(ancestor)) {
      methods.block(taken.method);
      calls.block(taken.call);
    }
  }
  auto result = kj::heap<kj::Vector<MethodNames>>();
  for (auto method: of.getMethods()) {
    auto name = schemas.getName(method.getProto());
    result->add(MethodNames{methods.claim(name), calls.claim(toTitleCase(name))});
  }
  return *names.insert(id, kj::mv(result)).value;
}

Method InterfaceReader::readMethod(
    MethodSchema method, const MethodNames& names, const TypeName& interface) {
  auto container = method.getContainingInterface();
  auto id = container.getProto().getId();
  auto params = readPayload(method, interface, Role::PARAMS);
  bool isList = params.form == Payload::Form::LIST;
  if (isList) readDefaultArguments(schemas, method.getParamType(), params.fields);
  kj::Maybe<Payload> results;
  if (!method.isStreaming()) results = readPayload(method, interface, Role::RESULTS);
  bool hasBuilder = isList && hasBuilderForm(method, params);
  return {method.getIndex(), method.getProto().getName(),
      schemas.getMemberDoc(id, method.getIndex()), flavorOf(schemas, method), recordingOf(method),
      interface.clone(), schemas.getTitle(container), kj::mv(params), kj::mv(results),
      kj::str(names.method), kj::str(names.call), kj::String(), hasBuilder};
}

Payload InterfaceReader::readPayload(MethodSchema method, const TypeName& interface, Role role) {
  auto payload = role == Role::PARAMS ? method.getParamType() : method.getResultType();
  bool isList = payload.getProto().getScopeId() == 0;
  auto name = typeOfPayload(method, interface, role);
  auto fields = readFields(schemas, payload, name);
  return {isList ? Payload::Form::LIST : Payload::Form::NAMED, kj::mv(name), kj::mv(fields)};
}

TypeName InterfaceReader::typeOfPayload(MethodSchema method, const TypeName& interface, Role role) {
  bool isParams = role == Role::PARAMS;
  auto payload = isParams ? method.getParamType() : method.getResultType();
  bool isList = payload.getProto().getScopeId() == 0;
  bool isGenericMethod = method.getProto().getImplicitParameters().size() > 0;

  if (isList && !(interface.isDependent() && isGenericMethod)) {
    auto text = kj::str(interface.text, "::", toTitleCase(schemas.getName(method.getProto())),
        isParams ? "Params" : "Results", isGenericMethod ? "<>" : "");
    auto form = interface.isDependent() ? TypeName::Form::MEMBER : TypeName::Form::CONCRETE;
    return {kj::mv(text), form};
  } else if (interface.isDependent() && (isList || schemas.isDependent(payload))) {
    auto text =
        kj::str(isParams ? "_::ParamsOf<" : "_::ResultsOf<", requestOf(method, interface), ">");
    return {kj::mv(text), TypeName::Form::DEPENDENT};
  } else {
    return schemas.getTypeName(payload);
  }
}

kj::Maybe<Struct> InterfaceReader::readResults(MethodSchema method, const Method& model) {
  auto payload = method.getResultType();
  bool isList = payload.getProto().getScopeId() == 0;
  if (!isList || method.isStreaming() || payload.getFields().size() == 0) return nullptr;
  auto name = KJ_ASSERT_NONNULL(model.results).type.clone();
  if (payload.getProto().getIsGeneric()) name = {kj::str("S"), TypeName::Form::DEPENDENT};
  auto fields = readFields(schemas, payload, name);
  auto title = kj::str(model.interfaceTitle, ".", model.schemaName);
  auto doc = kj::str("The results of ", title, ".");
  return Struct{
      payload.getProto().getId(), kj::mv(title), kj::mv(doc), kj::mv(name), kj::mv(fields)};
}

kj::Maybe<TypeName> InterfaceReader::typeOfAncestor(capnp::InterfaceSchema ancestor) {
  if (!type.isDependent() || !schemas.isDependent(ancestor)) return schemas.getTypeName(ancestor);
  for (auto method: ancestor.getMethods()) {
    if (!isReachable(method)) continue;
    auto text = kj::str("_::InterfaceOf<", requestOf(method, type), ">");
    return TypeName{kj::mv(text), TypeName::Form::DEPENDENT};
  }
  if (ancestor.getMethods().size() == 0) return nullptr;
  schemas.fail(schema.getProto(),
      kj::str("C++ has no way to name the base ", schemas.getTitle(ancestor),
          ", because other methods have the names of all of its methods; rename one."));
}

bool InterfaceReader::isReachable(MethodSchema method) {
  auto name = schemas.getName(method.getProto());
  uint count = 0;
  auto countIn = [&](capnp::InterfaceSchema interface) {
    for (auto other: interface.getMethods()) {
      if (schemas.getName(other.getProto()) == name) ++count;
    }
  };
  countIn(schema);
  for (auto ancestor: ancestors) countIn(ancestor);
  return count == 1;
}

// The member of a stock client that starts a call of `method`: its type tells all others.
kj::String InterfaceReader::requestOf(MethodSchema method, const TypeName& interface) {
  auto& scope = isReachable(method) ? type : interface;
  auto name = kj::str(schemas.getName(method.getProto()), "Request");
  auto parameters = method.getProto().getImplicitParameters();
  if (parameters.size() == 0) return kj::str("&", scope.text, "::Client::", name);
  kj::Vector<kj::StringPtr> arguments;
  arguments.resize(parameters.size());
  std::fill(arguments.begin(), arguments.end(), "::capnp::AnyPointer"_kj);
  return kj::str(
      "&", scope.text, "::Client::template ", name, "<", kj::strArray(arguments, ", "), ">");
}

// A function as the only argument could be one that fills the parameters or one that fills the
// first of them.
bool InterfaceReader::hasBuilderForm(MethodSchema method, const Payload& params) {
  if (params.fields.size() == 0) return false;
  uint required = 0;
  for (auto& field: params.fields) {
    if (field.defaultArgument == nullptr) ++required;
  }
  auto first = method.getParamType().getFields()[params.fields[0].index];
  return required > 1 || !takesFunction(first.getType());
}

// Where two ancestors have methods of the same name, a ref has neither.
void InterfaceReader::settleInherited(Interface& interface) {
  kj::HashMap<kj::String, uint> counts;
  for (auto& ancestor: interface.ancestors) {
    for (auto& method: ancestor.methods) {
      counts.upsert(kj::heapString(method.name), 1, [](uint& count, uint&&) { ++count; });
    }
  }
  for (auto& ancestor: interface.ancestors) {
    kj::Vector<Method> kept;
    for (auto& method: ancestor.methods) {
      if (KJ_ASSERT_NONNULL(counts.find(method.name)) == 1) {
        kept.add(kj::mv(method));
      } else {
        ancestor.ambiguous.add(kj::mv(method.name));
      }
    }
    ancestor.methods = kj::mv(kept);
  }
}

void InterfaceReader::nameConstants(Interface& interface) {
  NameScope scope(Reserved::METHODS);
  auto name = [&](Method& method) {
    method.constant = scope.claim(kj::str("METHOD_", toCapitals(method.name)));
  };
  for (auto& method: interface.methods) name(method);
  for (auto& ancestor: interface.ancestors) {
    for (auto& method: ancestor.methods) name(method);
  }
}

}  // namespace troth::compiler

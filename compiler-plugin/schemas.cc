#include "schemas.h"

#include <kj/debug.h>

#include "source-error.h"

namespace troth::compiler {

namespace schema = capnp::schema;

kj::String TypeName::type() const {
  switch (form) {
    case Form::CONCRETE:
    case Form::DEPENDENT: return kj::heapString(text);
    case Form::HIDDEN: return kj::str("struct ", text);
    case Form::MEMBER: return kj::str("typename ", text);
  }
  KJ_UNREACHABLE;
}

kj::String TypeName::member(kj::StringPtr name) const {
  return kj::str(isDependent() ? "typename " : "", text, "::", name);
}

Schemas::Schemas(schema::CodeGeneratorRequest::Reader request) {
  for (auto node: request.getNodes()) loader.load(node);
  for (auto source: request.getSourceInfo()) sources.insert(source.getId(), source);
}

void Schemas::fail(schema::Node::Reader node, kj::StringPtr what) const {
  uint32_t startByte = 0;
  KJ_IF_MAYBE(source, sources.find(node.getId())) startByte = source->getStartByte();
  failAt(node, startByte, what);
}

kj::StringPtr Schemas::getDoc(uint64_t id) const {
  KJ_IF_MAYBE(source, sources.find(id)) return source->getDocComment();
  return nullptr;
}

kj::StringPtr Schemas::getMemberDoc(uint64_t id, uint index) const {
  KJ_IF_MAYBE(source, sources.find(id)) {
    auto members = source->getMembers();
    if (index < members.size()) return members[index].getDocComment();
  }
  return nullptr;
}

uint64_t Schemas::getFile(uint64_t id) {
  auto node = get(id).getProto();
  while (!node.isFile()) node = get(node.getScopeId()).getProto();
  return node.getId();
}

kj::String Schemas::getTitle(capnp::Schema schema) const {
  auto name = schema.getProto().getDisplayName();
  return kj::heapString(
      name.slice(name.findFirst(':').map([](size_t i) { return i + 1; }).orDefault(0)));
}

TypeName Schemas::getTypeName(capnp::Type type) {
  switch (type.which()) {
    case schema::Type::ENUM: return getTypeName(type.asEnum());
    case schema::Type::STRUCT: return getTypeName(type.asStruct());
    case schema::Type::INTERFACE: return getTypeName(type.asInterface());
    default: return {getBuiltinName(type)};
  }
}

TypeName Schemas::getTypeName(capnp::Schema schema) {
  auto form = isHidden(schema.getProto()) ? TypeName::Form::HIDDEN : TypeName::Form::CONCRETE;
  return {getPath(schema, schema), form};
}

// The enum of a union's members is unscoped, so its values hide types of the same name.
bool Schemas::isHidden(schema::Node::Reader node) {
  auto parent = get(node.getScopeId()).getProto();
  if (!parent.isStruct()) return false;
  auto name = getOwnName(node, parent);
  for (auto field: parent.getStruct().getFields()) {
    bool isMember = field.getDiscriminantValue() != schema::Field::NO_DISCRIMINANT;
    if (isMember && toCapitals(getName(field)) == name) return true;
  }
  return false;
}

kj::String Schemas::getBuiltinName(capnp::Type type) {
  switch (type.which()) {
    case schema::Type::VOID: return kj::str("::capnp::Void");
    case schema::Type::BOOL: return kj::str("bool");
    case schema::Type::INT8:
    case schema::Type::INT16:
    case schema::Type::INT32:
    case schema::Type::INT64:
      return kj::str("::int", 8 << (type.which() - schema::Type::INT8), "_t");
    case schema::Type::UINT8:
    case schema::Type::UINT16:
    case schema::Type::UINT32:
    case schema::Type::UINT64:
      return kj::str("::uint", 8 << (type.which() - schema::Type::UINT8), "_t");
    case schema::Type::FLOAT32: return kj::str("float");
    case schema::Type::FLOAT64: return kj::str("double");
    case schema::Type::TEXT: return kj::str("::capnp::Text");
    case schema::Type::DATA: return kj::str("::capnp::Data");
    case schema::Type::LIST: {
      auto element = getTypeName(type.asList().getElementType());
      return kj::str("::capnp::List<", element.type(), ">");
    }
    case schema::Type::ANY_POINTER: return getAnyName(type);
    case schema::Type::ENUM:
    case schema::Type::STRUCT:
    case schema::Type::INTERFACE: break;
  }
  KJ_UNREACHABLE;
}

kj::String Schemas::getAnyName(capnp::Type type) {
  if (type.getBrandParameter() != nullptr || type.getImplicitParameter() != nullptr) {
    return kj::str("::capnp::AnyPointer");
  }
  using Kind = schema::Type::AnyPointer::Unconstrained;
  switch (type.whichAnyPointerKind()) {
    case Kind::ANY_KIND: return kj::str("::capnp::AnyPointer");
    case Kind::STRUCT: return kj::str("::capnp::AnyStruct");
    case Kind::LIST: return kj::str("::capnp::AnyList");
    case Kind::CAPABILITY: return kj::str("::capnp::Capability");
  }
  KJ_UNREACHABLE;
}

kj::String Schemas::getPath(capnp::Schema schema, capnp::Schema brand) {
  auto node = schema.getProto();
  if (node.isFile()) return getNamespace(node);
  if (node.isStruct() || node.isInterface()) {
    usedFiles.upsert(getFile(node.getId()), [](auto&, auto&&) {});
  }
  auto parent = get(node.getScopeId());
  return kj::str(
      getPath(parent, brand), "::", getOwnName(node, parent.getProto()), getArguments(node, brand));
}

kj::String Schemas::getNamespace(schema::Node::Reader file) {
  KJ_IF_MAYBE(text, findText(file.getAnnotations(), NAMESPACE)) {
    return kj::str("::", *text);
  }
  return kj::String();
}

kj::String Schemas::getOwnName(schema::Node::Reader node, schema::Node::Reader parent) {
  KJ_IF_MAYBE(text, findText(node.getAnnotations(), NAME)) {
    return kj::heapString(*text);
  }
  for (auto nested: parent.getNestedNodes()) {
    if (nested.getId() == node.getId()) return kj::heapString(nested.getName());
  }
  if (parent.isStruct()) {
    for (auto field: parent.getStruct().getFields()) {
      bool isNode = field.isGroup() && field.getGroup().getTypeId() == node.getId();
      if (isNode) return toTitleCase(getName(field));
    }
  }
  KJ_FAIL_REQUIRE("a node is not known in its scope", node.getDisplayName());
}

kj::String Schemas::getArguments(schema::Node::Reader node, capnp::Schema brand) {
  auto count = node.getParameters().size();
  if (count == 0) return kj::String();
  auto bound = brand.getBrandArgumentsAtScope(node.getId());
  auto names = KJ_MAP(i, kj::zeroTo(count)) { return getTypeName(bound[i]).type(); };
  return kj::str("<", kj::strArray(names, ", "), ">");
}

kj::String Schemas::getEnumerant(capnp::EnumSchema schema, uint16_t value) {
  auto enumerants = schema.getEnumerants();
  auto type = getPath(schema, schema);
  if (value >= enumerants.size()) return kj::str("static_cast<", type, ">(", value, ")");
  auto name = toCapitals(getName(enumerants[value].getProto()));
  return kj::str(type, "::", name, name == "NULL" ? "_" : "");
}

bool Schemas::allowsCancellation(schema::Method::Reader method, schema::Node::Reader interface) {
  return has(method.getAnnotations(), ALLOW_CANCELLATION) ||
      has(interface.getAnnotations(), ALLOW_CANCELLATION) ||
      has(get(getFile(interface.getId())).getProto().getAnnotations(), ALLOW_CANCELLATION);
}

kj::Maybe<kj::StringPtr> Schemas::findText(Annotations annotations, uint64_t id) {
  for (auto annotation: annotations) {
    if (annotation.getId() == id) return kj::StringPtr(annotation.getValue().getText());
  }
  return nullptr;
}

bool Schemas::has(Annotations annotations, uint64_t id) {
  for (auto annotation: annotations) {
    if (annotation.getId() == id) return true;
  }
  return false;
}

bool Schemas::isDependent(capnp::Type type) {
  switch (type.which()) {
    case schema::Type::ENUM: return isDependent(type.asEnum());
    case schema::Type::STRUCT: return isDependent(type.asStruct());
    case schema::Type::INTERFACE: return isDependent(type.asInterface());
    case schema::Type::LIST: return isDependent(type.asList().getElementType());
    case schema::Type::ANY_POINTER: return type.getBrandParameter() != nullptr;
    default: return false;
  }
}

bool Schemas::isDependent(capnp::Schema schema) {
  if (!schema.getProto().getIsGeneric()) return false;
  for (auto scope = schema.getProto(); !scope.isFile();
       scope = get(scope.getScopeId()).getProto()) {
    auto bound = schema.getBrandArgumentsAtScope(scope.getId());
    for (auto i: kj::indices(scope.getParameters())) {
      if (isDependent(bound[i])) return true;
    }
  }
  return false;
}

}  // namespace troth::compiler

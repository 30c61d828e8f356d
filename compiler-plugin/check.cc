#include "check.h"

namespace troth::compiler {

namespace {

namespace schema = capnp::schema;

bool isName(kj::StringPtr name) { return isIdentifier(name) && !isKeyword(name); }

bool isNamespace(kj::StringPtr name) {
  while (true) {
    auto colon = name.findFirst(':').orDefault(name.size());
    if (!isName(kj::str(name.slice(0, colon)))) return false;
    if (colon == name.size()) return true;
    if (!name.slice(colon).startsWith("::")) return false;
    name = name.slice(colon + 2);
  }
}

void checkNode(const Schemas& schemas, schema::Node::Reader node) {
  for (auto annotation: node.getAnnotations()) {
    auto id = annotation.getId();
    if (id == Schemas::NAME && !isName(annotation.getValue().getText())) {
      schemas.fail(node, "$Cxx.name is not a name that C++ can use.");
    } else if (id == Schemas::NAMESPACE && !isNamespace(annotation.getValue().getText())) {
      schemas.fail(node, "$Cxx.namespace is not a namespace that C++ can use.");
    }
  }
}

// The compiler says where a node is, but not where its members are.
template <typename Members>
void checkMembers(const Schemas& schemas, schema::Node::Reader node, Members members) {
  for (auto member: members) {
    if (isIdentifier(schemas.getName(member))) continue;
    schemas.fail(
        node, kj::str("$Cxx.name of `", member.getName(), "` is not a name that C++ can use."));
  }
}

void checkMethods(const Schemas& schemas, schema::Node::Reader node) {
  constexpr uint64_t STREAM_RESULT = 0x995f9a3377c0b16e;
  for (auto method: node.getInterface().getMethods()) {
    bool isDurable = Schemas::has(method.getAnnotations(), Schemas::DURABLE);
    if (isDurable && method.getResultStructType() == STREAM_RESULT) {
      schemas.fail(node,
          kj::str(
              "`", method.getName(), "` is a streaming method, which cannot be $Troth.durable."));
    }
  }
}

}  // namespace

void checkNames(const Schemas& schemas, schema::CodeGeneratorRequest::Reader request) {
  for (auto node: request.getNodes()) {
    checkNode(schemas, node);
    if (node.isStruct()) checkMembers(schemas, node, node.getStruct().getFields());
    if (node.isInterface()) {
      checkMembers(schemas, node, node.getInterface().getMethods());
      checkMethods(schemas, node);
    }
    if (node.isEnum()) checkMembers(schemas, node, node.getEnum().getEnumerants());
  }
}

}  // namespace troth::compiler

#include "check.h"

#include <kj/debug.h>
#include <kj/map.h>

#include <unistd.h>

#include <fstream>

#include "schemas.h"

namespace troth::compiler {

namespace {

namespace schema = capnp::schema;

class NameChecker {
public:
  explicit NameChecker(schema::CodeGeneratorRequest::Reader request): request(request) {
    for (auto source: request.getSourceInfo()) starts.insert(source.getId(), source.getStartByte());
  }

  void check() {
    for (auto node: request.getNodes()) {
      checkNode(node);
      if (node.isStruct()) checkMembers(node, node.getStruct().getFields());
      if (node.isInterface()) checkMembers(node, node.getInterface().getMethods());
      if (node.isEnum()) checkMembers(node, node.getEnum().getEnumerants());
    }
  }

private:
  schema::CodeGeneratorRequest::Reader request;
  kj::HashMap<uint64_t, uint32_t> starts;

  void checkNode(schema::Node::Reader node) {
    for (auto annotation: node.getAnnotations()) {
      if (annotation.getId() == Schemas::NAME) {
        require(isName(annotation.getValue().getText()), node, "$Cxx.name");
      } else if (annotation.getId() == Schemas::NAMESPACE) {
        require(isNamespace(annotation.getValue().getText()), node, "$Cxx.namespace");
      }
    }
  }

  // The compiler says where a node is, but not where its members are.
  template <typename Members>
  void checkMembers(schema::Node::Reader node, Members members) {
    for (auto member: members) {
      for (auto annotation: member.getAnnotations()) {
        if (annotation.getId() != Schemas::NAME) continue;
        require(isIdentifier(annotation.getValue().getText()), node,
            kj::str("$Cxx.name of `", member.getName(), "`"));
      }
    }
  }

  static bool isName(kj::StringPtr name) { return isIdentifier(name) && !isKeyword(name); }

  static bool isNamespace(kj::StringPtr name) {
    while (true) {
      auto colon = name.findFirst(':').orDefault(name.size());
      if (!isName(kj::str(name.slice(0, colon)))) return false;
      if (colon == name.size()) return true;
      if (!name.slice(colon).startsWith("::")) return false;
      name = name.slice(colon + 2);
    }
  }

  void require(bool isValid, schema::Node::Reader node, kj::StringPtr what) {
    if (isValid) return;
    auto name = node.getDisplayName();
    auto end = name.findFirst(':').orDefault(name.size());
    auto file = kj::str(name.slice(0, end));
    auto title = kj::str(name.slice(kj::min(end + 1, name.size())));
    auto message = kj::str(file, findLine(file, node.getId()), ": error: ", title,
        title.size() > 0 ? ": " : "", what, " is not a name that C++ can use.");
    kj::throwFatalException(
        kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(message)));
  }

  // `:12`, or nothing where the source is not found.
  kj::String findLine(kj::StringPtr file, uint64_t id) {
    KJ_IF_MAYBE(path, findSource(file)) {
      std::ifstream source(path->cStr());
      auto start = starts.find(id).orDefault(0);
      int64_t line = 1;
      for (uint32_t i = 0; i < start && source.good(); ++i) line += source.get() == '\n';
      if (source.good()) return kj::str(':', line);
    }
    return kj::String();
  }

  // The path of `file`, which may lack a prefix: the compiler, whose child a plugin is, has it
  // among its arguments. (It starts its plugins in the folder for their output.)
  static kj::Maybe<kj::String> findSource(kj::StringPtr file) {
    auto compiler = kj::str("/proc/", getppid());
    std::ifstream arguments(kj::str(compiler, "/cmdline").cStr());
    for (std::string line; std::getline(arguments, line, '\0');) {
      kj::StringPtr argument = line.c_str();
      if (argument != file && !argument.endsWith(kj::str('/', file))) continue;
      bool isAbsolute = argument.startsWith("/");
      return isAbsolute ? kj::str(argument) : kj::str(compiler, "/cwd/", argument);
    }
    return nullptr;
  }
};

}  // namespace

void checkNames(schema::CodeGeneratorRequest::Reader request) { NameChecker(request).check(); }

}  // namespace troth::compiler

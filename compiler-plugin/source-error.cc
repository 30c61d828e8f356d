#include "source-error.h"

#include <kj/exception.h>
#include <unistd.h>

#include <fstream>

namespace troth::compiler {

namespace {

// The path of `file`, which may lack a prefix: the compiler, whose child a plugin is, has it among
// its arguments. (It starts its plugins in the folder for their output.)
kj::Maybe<kj::String> findSource(kj::StringPtr file) {
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

// `:12`, or nothing where the source is not found.
kj::String findLine(kj::StringPtr file, uint32_t startByte) {
  KJ_IF_MAYBE(path, findSource(file)) {
    std::ifstream source(path->cStr());
    int64_t line = 1;
    for (uint32_t i = 0; i < startByte && source.good(); ++i) line += source.get() == '\n';
    if (source.good()) return kj::str(':', line);
  }
  return kj::String();
}

}  // namespace

void failAt(capnp::schema::Node::Reader node, uint32_t startByte, kj::StringPtr what) {
  auto name = node.getDisplayName();
  auto end = name.findFirst(':').orDefault(name.size());
  auto file = kj::str(name.slice(0, end));
  auto title = kj::str(name.slice(kj::min(end + 1, name.size())));
  auto message = kj::str(
      file, findLine(file, startByte), ": error: ", title, title.size() > 0 ? ": " : "", what);
  kj::throwFatalException(
      kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(message)));
}

}  // namespace troth::compiler

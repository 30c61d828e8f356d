#include "schemas.h"

#include <kj/debug.h>

namespace troth::command {
namespace {

// Where Cap'n Proto's and Troth's own schemas may be: TROTH_CAPNP_INCLUDE and
// TROTH_SCHEMA_DIRECTORY are those that Troth was built with.
constexpr kj::StringPtr STANDARD_IMPORT_PATHS[] = {TROTH_CAPNP_INCLUDE ""_kj,
    TROTH_SCHEMA_DIRECTORY ""_kj, "/usr/local/include"_kj, "/usr/include"_kj};

kj::Maybe<capnp::ParsedSchema> findNested(capnp::ParsedSchema scope, kj::StringPtr path) {
  KJ_IF_MAYBE(dot, path.findFirst('.')) {
    KJ_IF_MAYBE(inner, scope.findNested(kj::str(path.slice(0, *dot)))) {
      return findNested(*inner, path.slice(*dot + 1));
    }
    return nullptr;
  }
  return scope.findNested(path);
}

}  // namespace

Schemas::Schemas(
    kj::ArrayPtr<const kj::StringPtr> fileNames, kj::ArrayPtr<const kj::StringPtr> importPaths)
    : disk(kj::newDiskFilesystem()) {
  for (auto path: importPaths) addImportPath(path);
  for (auto path: STANDARD_IMPORT_PATHS) addImportPath(path);
  addInstalledPath();
  for (auto file: fileNames) parse(file);
  for (auto schema: parser.getAllLoaded()) {
    if (schema.getProto().isInterface()) interfaces.add(schema.asInterface());
  }
}

void Schemas::addImportPath(kj::StringPtr path) {
  auto absolute = disk->getCurrentPath().evalNative(path);
  KJ_IF_MAYBE(directory, disk->getRoot().tryOpenSubdir(absolute)) {
    importPointers.add(directory->get());
    importDirectories.add(kj::mv(*directory));
  }
}

// Beside the program, where it is installed.
void Schemas::addInstalledPath() {
  auto program = disk->getCurrentPath().evalNative("/proc/self/exe");
  KJ_IF_MAYBE(path, disk->getRoot().tryReadlink(program)) {
    addImportPath(kj::str(*path, "/../../include"));
  }
}

void Schemas::parse(kj::StringPtr file) {
  auto absolute = disk->getCurrentPath().evalNative(file);
  KJ_REQUIRE(disk->getRoot().exists(absolute), "there is no such schema", file);
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                files.add(
                    parser.parseFromDirectory(disk->getRoot(), absolute.clone(), importPointers));
              })) {
    KJ_FAIL_REQUIRE(kj::str(
        exception->getFile(), ':', exception->getLine() + 1, ": ", exception->getDescription()));
  }
}

kj::Maybe<capnp::ParsedSchema> Schemas::find(kj::StringPtr name) const {
  for (auto& file: files) {
    KJ_IF_MAYBE(found, findNested(file, name)) return *found;
  }
  return nullptr;
}

kj::Maybe<capnp::StructSchema> Schemas::findStruct(kj::StringPtr name) const {
  KJ_IF_MAYBE(found, find(name)) {
    if (found->getProto().isStruct()) return found->asStruct();
  }
  return nullptr;
}

kj::Maybe<Schemas::Method> Schemas::findMethod(kj::StringPtr name) const {
  KJ_IF_MAYBE(dot, name.findLast('.')) {
    KJ_IF_MAYBE(found, find(kj::str(name.slice(0, *dot)))) {
      if (found->getProto().isInterface()) {
        return found->asInterface().findMethodByName(name.slice(*dot + 1));
      }
    }
  }
  return nullptr;
}

kj::Maybe<Schemas::Method> Schemas::findMethod(uint64_t interfaceId, uint16_t methodId) const {
  for (auto& interface: interfaces) {
    if (interface.getProto().getId() == interfaceId) {
      auto methods = interface.getMethods();
      if (methodId < methods.size()) return methods[methodId];
    }
  }
  return nullptr;
}

}  // namespace troth::command

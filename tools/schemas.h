#pragma once
// The schemas that the command line names: what the bytes in a record mean.

#include <capnp/schema-parser.h>
#include <kj/filesystem.h>
#include <kj/vector.h>

namespace troth::command {

class Schemas {
public:
  using Method = capnp::InterfaceSchema::Method;

  // Reads .capnp files. `import "/x.capnp"` is looked for in `importPaths`, and then where Cap'n
  // Proto's and Troth's own schemas are. Throws FAILED, with the place of the mistake, if one
  // cannot be read.
  Schemas(kj::ArrayPtr<const kj::StringPtr> files, kj::ArrayPtr<const kj::StringPtr> importPaths);
  KJ_DISALLOW_COPY_AND_MOVE(Schemas);

  // By name, as it is written inside a file: "Approval", "Bank.Receipt".
  kj::Maybe<capnp::StructSchema> findStruct(kj::StringPtr name) const;

  // By name: "Bank.transfer". Methods that the interface inherits count.
  kj::Maybe<Method> findMethod(kj::StringPtr name) const;

  // By number, in these files and in what they import.
  kj::Maybe<Method> findMethod(uint64_t interfaceId, uint16_t methodId) const;

  // Every interface, whether or not a file was named for it.
  kj::ArrayPtr<const capnp::InterfaceSchema> allInterfaces() const { return interfaces; }

private:
  kj::Own<kj::Filesystem> disk;
  kj::Vector<kj::Own<const kj::ReadableDirectory>> importDirectories;
  kj::Vector<const kj::ReadableDirectory*> importPointers;
  capnp::SchemaParser parser;
  kj::Vector<capnp::ParsedSchema> files;
  kj::Vector<capnp::InterfaceSchema> interfaces;

  void addImportPath(kj::StringPtr path);
  void addInstalledPath();
  void parse(kj::StringPtr file);
  kj::Maybe<capnp::ParsedSchema> find(kj::StringPtr name) const;
};

}  // namespace troth::command

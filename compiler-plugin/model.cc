#include "model.h"

#include "field-reader.h"
#include "interface-reader.h"

namespace troth::compiler {

namespace {

// Walks through the nodes of a file.
class FileReader {
public:
  explicit FileReader(Schemas& schemas): schemas(schemas) {}

  File read(capnp::schema::CodeGeneratorRequest::RequestedFile::Reader request) {
    schemas.clearUsedFiles();
    auto node = schemas.get(request.getId()).getProto();
    file.path = withoutSuffix(node.getDisplayName());
    file.doc = schemas.getDoc(node.getId());
    visitNested(node);
    for (auto import: request.getImports()) {
      if (schemas.isUsedFile(import.getId())) addInclude(import.getName());
    }
    return kj::mv(file);
  }

private:
  Schemas& schemas;
  File file;

  static kj::String withoutSuffix(kj::StringPtr path) {
    constexpr auto SUFFIX = ".capnp"_kj;
    return kj::heapString(path.slice(0, path.size() - (path.endsWith(SUFFIX) ? SUFFIX.size() : 0)));
  }

  void addInclude(kj::StringPtr path) {
    if (path.startsWith("/")) {
      file.includes.add(Include{withoutSuffix(path.slice(1)), Include::Quotes::SYSTEM});
    } else {
      file.includes.add(Include{withoutSuffix(path), Include::Quotes::LOCAL});
    }
  }

  void visitNested(capnp::schema::Node::Reader node) {
    for (auto nested: node.getNestedNodes()) visit(schemas.get(nested.getId()));
  }

  void visit(capnp::Schema schema) {
    auto node = schema.getProto();
    if (node.isStruct()) {
      addStruct(schema.asStruct(), kj::heapString(schemas.getDoc(node.getId())));
    } else if (node.isInterface()) {
      file.definitions.add(InterfaceReader(schemas, schema.asInterface()).read());
    }
    visitNested(node);
  }

  void addStruct(capnp::StructSchema schema, kj::String doc) {
    auto node = schema.getProto();
    auto type = schemas.getTypeName(schema);
    if (node.getIsGeneric()) type = {kj::str("S"), TypeName::Form::DEPENDENT};
    auto fields = readFields(schemas, schema, type);
    if (fields.size() > 0) {
      file.definitions.add(Struct{
          node.getId(), schemas.getTitle(schema), kj::mv(doc), kj::mv(type), kj::mv(fields)});
    }
    for (auto field: schema.getFields()) {
      if (!field.getProto().isGroup()) continue;
      auto group = schemas.get(field.getProto().getGroup().getTypeId()).asStruct();
      addStruct(group, kj::heapString(schemas.getMemberDoc(node.getId(), field.getIndex())));
    }
  }
};

}  // namespace

File readFile(Schemas& schemas, capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file) {
  return FileReader(schemas).read(file);
}

}  // namespace troth::compiler

#include "value-json.h"

#include <capnp/capability.h>
#include <kj/debug.h>
#include <kj/encoding.h>

namespace troth::command {

// Writes an object as its sturdy ref. While it is not known which one a capability is, only that it
// is one of a table, a broken capability stands for each ref in it.
class ValueJson::RefHandler final: public capnp::JsonCodec::Handler<capnp::DynamicCapability> {
public:
  capnp::AnyPointer::Reader imbue(
      capnp::AnyPointer::Reader content, kj::ArrayPtr<const kj::StringPtr> refsParam) {
    refs = refsParam;
    stands = KJ_MAP(ref, refs) { return capnp::newBrokenCap(ref); };
    table = kj::heap<capnp::ReaderCapabilityTable>(
        KJ_MAP(stand, stands) { return kj::Maybe<kj::Own<capnp::ClientHook>>(stand->addRef()); });
    return table->imbue(content);
  }

  void encode(const capnp::JsonCodec&, capnp::DynamicCapability::Client input,
      capnp::JsonValue::Builder output) const override {
    auto hook = capnp::ClientHook::from(kj::mv(input));
    for (auto i: kj::indices(stands)) {
      if (stands[i].get() == hook.get()) {
        auto field = output.initObject(1)[0];
        field.setName("ref");
        field.initValue().setString(refs[i]);
        return;
      }
    }
    output.setNull();
  }

  capnp::DynamicCapability::Client decode(
      const capnp::JsonCodec&, capnp::JsonValue::Reader) const override {
    KJ_UNIMPLEMENTED("objects are not read from JSON");
  }

private:
  kj::ArrayPtr<const kj::StringPtr> refs;
  kj::Array<kj::Own<capnp::ClientHook>> stands;
  kj::Own<capnp::ReaderCapabilityTable> table;
};

class ValueJson::DataHandler final: public capnp::JsonCodec::Handler<capnp::Data> {
public:
  void encode(const capnp::JsonCodec&, capnp::Data::Reader input,
      capnp::JsonValue::Builder output) const override {
    output.setString(kj::encodeBase64(input));
  }

  capnp::Orphan<capnp::Data> decode(
      const capnp::JsonCodec&, capnp::JsonValue::Reader, capnp::Orphanage) const override {
    KJ_UNIMPLEMENTED("data is not read from JSON");
  }
};

ValueJson::ValueJson(const Schemas& schemas)
    : refHandler(kj::heap<RefHandler>()), dataHandler(kj::heap<DataHandler>()) {
  codec.addTypeHandler(*dataHandler);
  for (auto interface: schemas.allInterfaces()) codec.addTypeHandler(interface, *refHandler);
}

ValueJson::~ValueJson() noexcept(false) {}

kj::String ValueJson::encode(capnp::AnyPointer::Reader content,
    kj::ArrayPtr<const kj::StringPtr> refs, capnp::StructSchema type) {
  auto value = refHandler->imbue(content, refs).getAs<capnp::DynamicStruct>(type);
  return codec.encode(capnp::DynamicValue::Reader(value), type);
}

}  // namespace troth::command

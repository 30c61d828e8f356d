#include "value-json.h"

#include <kj/debug.h>
#include <kj/encoding.h>

namespace troth::command {

class ValueJson::RefHandler final: public capnp::JsonCodec::Handler<capnp::DynamicCapability> {
public:
  explicit RefHandler(const RefTable& refs): refs(refs) {}

  void encode(const capnp::JsonCodec&, capnp::DynamicCapability::Client input,
      capnp::JsonValue::Builder output) const override {
    KJ_IF_MAYBE(ref, refs.find(kj::mv(input))) {
      auto field = output.initObject(1)[0];
      field.setName("ref");
      field.initValue().setString(*ref);
    } else {
      output.setNull();
    }
  }

  capnp::DynamicCapability::Client decode(
      const capnp::JsonCodec&, capnp::JsonValue::Reader) const override {
    KJ_UNIMPLEMENTED("objects are not read from JSON");
  }

private:
  const RefTable& refs;
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

ValueJson::ValueJson(const Schemas& schemas, const RefTable& refs)
    : refHandler(kj::heap<RefHandler>(refs)), dataHandler(kj::heap<DataHandler>()) {
  codec.addTypeHandler(*dataHandler);
  for (auto interface: schemas.allInterfaces()) codec.addTypeHandler(interface, *refHandler);
}

ValueJson::~ValueJson() noexcept(false) {}

kj::String ValueJson::encode(capnp::DynamicStruct::Reader value) {
  return codec.encode(capnp::DynamicValue::Reader(value), value.getSchema());
}

}  // namespace troth::command

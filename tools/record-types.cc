#include "record-types.h"

namespace troth::command {

bool isCall(const Record& record) { return record.call.target.size() > 0; }

kj::Maybe<Schemas::Method> RecordTypes::findMethod(const Record& record) const {
  if (!isCall(record)) return nullptr;
  return schemas.findMethod(record.call.interfaceId, record.call.methodId);
}

kj::Maybe<capnp::StructSchema> RecordTypes::paramsOf(const Record& record) const {
  return findMethod(record).map([](auto& method) { return method.getParamType(); });
}

kj::Maybe<capnp::StructSchema> RecordTypes::valueOf(const Record& record) const {
  if (!isCall(record)) return outside;
  return findMethod(record).map([](auto& method) { return method.getResultType(); });
}

kj::Maybe<kj::String> RecordTypes::methodOf(const Record& record) const {
  return findMethod(record).map([](auto& method) {
    return kj::str(
        method.getContainingInterface().getShortDisplayName(), '.', method.getProto().getName());
  });
}

kj::String RecordTypes::describeCall(const Record& record) const {
  if (!isCall(record)) return kj::str('-');
  auto method = kj::str(formatInterfaceId(record.call.interfaceId), ':', record.call.methodId);
  KJ_IF_MAYBE(name, methodOf(record)) method = kj::mv(*name);
  return kj::str(method, " on \"", record.call.target, '"');
}

kj::String formatInterfaceId(uint64_t id) { return kj::str("0x", kj::hex(id)); }

}  // namespace troth::command

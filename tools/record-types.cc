#include "record-types.h"

#include <kj/exception.h>
#include <troth/stored-message.h>

#include <sstream>
#include <vector>

namespace troth::command {
namespace {

// Of the name of a machine's start.
constexpr size_t START_WIDTH = 8;

// Empty if the parameters cannot be read: there is nothing to say of them then.
template <typename Read>
kj::String readParams(const Record& record, Read&& read) {
  kj::String text;
  kj::runCatchingExceptions([&]() { text = kj::str(read(StoredMessage(record.call.params))); });
  return text;
}

}  // namespace

bool isCall(const Record& record) { return record.call.target.size() > 0; }

kj::String keyOf(const Record& record) {
  return readParams(record, [](const StoredMessage& params) { return kj::str(params.key()); });
}

kj::String stepOf(const Record& record) {
  return readParams(record, [](const StoredMessage& params) { return kj::str(params.step()); });
}

kj::String formatOwner(const Lease& lease) {
  // vat/BOOT/SPACE/PROCESS/START/RANDOM
  std::vector<std::string> parts;
  std::istringstream text(lease.owner.cStr());
  for (std::string part; std::getline(text, part, '/');) parts.push_back(part);
  if (parts.size() != 6 || parts[0] != "vat") return kj::str(lease.owner);
  return kj::str("vat ", parts[3].c_str(), '@', parts[1].substr(0, START_WIDTH).c_str());
}

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
  if (!isCall(record)) {
    auto step = stepOf(record);
    return step.size() == 0 ? kj::str('-') : kj::mv(step);
  }
  auto method = kj::str(formatInterfaceId(record.call.interfaceId), ':', record.call.methodId);
  KJ_IF_MAYBE(name, methodOf(record)) method = kj::mv(*name);
  auto key = keyOf(record);
  return kj::str(method, " on \"", record.call.target, key.size() == 0 ? "" : "/", key, '"');
}

kj::String formatInterfaceId(uint64_t id) { return kj::str("0x", kj::hex(id)); }

}  // namespace troth::command

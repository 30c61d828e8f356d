#include "described-call.h"

#include <capnp/dynamic.h>
#include <kj/debug.h>
#include <troth/stored-message.h>

namespace troth {
namespace {

constexpr size_t PARAMS_SHOWN_MAX = 500;

// Cut between characters.
kj::String shortened(kj::String text) {
  if (text.size() <= PARAMS_SHOWN_MAX) return text;
  auto end = PARAMS_SHOWN_MAX;
  while ((text[end] & 0xc0) == 0x80) --end;
  return kj::str(text.slice(0, end), "…)");
}

kj::Maybe<capnp::InterfaceSchema::Method> findMethod(
    const CallRequest& call, capnp::InterfaceSchema schema) {
  KJ_IF_MAYBE(interface, schema.findSuperclass(call.interfaceId)) {
    auto methods = interface->getMethods();
    if (call.methodId < methods.size()) return methods[call.methodId];
  }
  return nullptr;
}

kj::String describeParams(const CallRequest& call, capnp::StructSchema type) {
  if (call.params.size() == 0) return kj::str("()");
  StoredMessage message(call.params);
  return shortened(kj::str(message.content().getAs<capnp::DynamicStruct>(type)));
}

kj::String keyOf(const CallRequest& call) {
  if (call.params.size() == 0) return kj::String();
  return kj::str(StoredMessage(call.params).key());
}

kj::String describeObject(const CallRequest& call) {
  auto key = keyOf(call);
  return kj::str('"', call.target, key.size() > 0 ? "/" : "", key, '"');
}

bool isSame(const CallRequest& a, const CallRequest& b) {
  return a.target == b.target && a.interfaceId == b.interfaceId && a.methodId == b.methodId &&
      a.params.asPtr() == b.params.asPtr();
}

}  // namespace

kj::String describeCall(const CallRequest& call, capnp::InterfaceSchema schema) {
  KJ_IF_MAYBE(method, findMethod(call, schema)) {
    return kj::str(method->getContainingInterface().getShortDisplayName(), '.',
        method->getProto().getName(), describeParams(call, method->getParamType()), " on ",
        describeObject(call));
  }
  return kj::str("method ", call.methodId, " of interface 0x", kj::hex(call.interfaceId), " on ",
      describeObject(call));
}

void requireSameCall(kj::StringPtr id, const CallRequest& known, const CallRequest& asked,
    capnp::InterfaceSchema schema) {
  if (isSame(known, asked)) return;
  // Who can call one object need not know what is said to another.
  bool isSameObject = known.target == asked.target && keyOf(known) == keyOf(asked);
  auto text = kj::str("the id \"", id, "\" is taken: it stands for ",
      isSameObject ? describeCall(known, schema) : kj::str("a call of another object"),
      "; asked for was ", describeCall(asked, schema));
  kj::throwFatalException(
      kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::mv(text)));
}

}  // namespace troth

#include <troth/stub.h>

namespace troth {

void _::SizeHint::add(uint64_t words, uint caps) {
  KJ_IF_MAYBE(t, total) {
    t->wordCount += words;
    t->capCount += caps;
  }
}

void Arg<capnp::Text, capnp::Kind::BLOB>::write(capnp::AnyPointer::Builder slot) const {
  auto builder = slot.initAs<capnp::Text>(text.size());
  std::copy(text.begin(), text.end(), builder.begin());
}

ServerBase::Dispatched ServerBase::unimplementedInterface(
    const char* interfaceName, uint64_t requestedId) {
  return internalUnimplemented(interfaceName, requestedId);
}

ServerBase::Dispatched ServerBase::unimplementedMethod(
    const char* interfaceName, uint64_t interfaceId, uint16_t methodId) {
  return internalUnimplemented(interfaceName, interfaceId, methodId);
}

kj::Promise<void> ServerBase::unimplemented(
    const char* interfaceName, const char* methodName, uint64_t interfaceId, uint16_t methodId) {
  return internalUnimplemented(interfaceName, methodName, interfaceId, methodId);
}

}  // namespace troth

#pragma once
// Objects in a stored message, which nobody here calls: all that is known of them is their refs.

#include <capnp/any.h>
#include <capnp/capability.h>

namespace troth::command {

class RefTable {
public:
  // `refs` must outlive this.
  explicit RefTable(kj::ArrayPtr<const kj::StringPtr> refs);
  KJ_DISALLOW_COPY_AND_MOVE(RefTable);

  // `content` with a broken capability for each ref in it.
  capnp::AnyPointer::Reader imbue(capnp::AnyPointer::Reader content) {
    return table.imbue(content);
  }

  // The ref that such a capability stands for; null for any other.
  kj::Maybe<kj::StringPtr> find(capnp::Capability::Client client) const;

private:
  kj::ArrayPtr<const kj::StringPtr> refs;
  kj::Array<kj::Own<capnp::ClientHook>> hooks;
  capnp::ReaderCapabilityTable table;
};

}  // namespace troth::command

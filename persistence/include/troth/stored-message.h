#pragma once
// What stores keep as bytes: the parameters and the outcome of a durable promise.
//
// A stored message is a Message of schema/troth/stored.capnp in Cap'n Proto's standard framing. Its
// content is a struct or anything else that a pointer can point to; an object in it is kept as a
// sturdy ref. No bytes at all stand for no content.
//
//     troth::StoredMessageBuilder message;
//     message.content().initAs<Approval>().setApproved(true);
//     store->settle({.id = kj::str("approval-7"), .value = message.finish()});
//
//     troth::StoredMessage message(record.value);
//     message.content().getAs<Approval>().getApproved();

#include <capnp/any.h>
#include <kj/array.h>
#include <kj/string.h>

namespace troth {

class StoredMessage {
public:
  // `bytes` must outlive this. Throws FAILED, here or where it is read, if they are no stored
  // message.
  explicit StoredMessage(kj::ArrayPtr<const kj::byte> bytes);
  ~StoredMessage() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(StoredMessage);

  // Null if there are no bytes. A capability in it is broken: it stands for a ref, and whoever
  // wants to use it imbues the reader with a table of what the refs stand for.
  capnp::AnyPointer::Reader content() const;

  // The objects in the content, in the order of its table of capabilities; empty text for null.
  kj::Array<kj::StringPtr> refs() const;

  // Which object of its restorer a call is made on, and what a part of a durable call is that is
  // not a call, such as "step charge". Empty text where that does not apply.
  kj::StringPtr key() const;
  kj::StringPtr step() const;

private:
  struct Impl;
  kj::Own<Impl> impl;
};

class StoredMessageBuilder {
public:
  StoredMessageBuilder();
  ~StoredMessageBuilder() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(StoredMessageBuilder);

  capnp::AnyPointer::Builder content();
  void setRefs(kj::ArrayPtr<const kj::StringPtr> refs);

  // The message as it is now. The same content, built in the same steps, gives the same bytes.
  kj::Array<const kj::byte> finish();

private:
  struct Impl;
  kj::Own<Impl> impl;
};

}  // namespace troth

#include "recorded-message.h"

#include <capnp/serialize.h>
#include <kj/debug.h>
#include <troth/store.h>
#include <troth/stored-message.h>
#include <troth/stored.capnp.h>

namespace troth {
namespace {

Bytes bytesOf(capnp::MessageBuilder& message) {
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  return bytes.attach(kj::mv(words));
}

kj::Promise<kj::String> saveMaybe(kj::Maybe<kj::Own<capnp::ClientHook>>& object, ObjectHost& host) {
  KJ_IF_MAYBE(o, object) {
    if (!(*o)->isNull()) return host.save((*o)->addRef());
  }
  return kj::String();
}

}  // namespace

kj::Promise<Bytes> recordMessage(_::Message& message, kj::StringPtr key, ObjectHost& host) {
  auto stored = kj::heap<_::Message>();
  auto content = _::contentOf(message).asReader();
  auto root = _::contentOf(*stored).initAs<stored::Message>();
  root.getContent().set(content);
  if (key.size() > 0) root.setKey(key);
  auto objects = stored->capabilities.getTable();
  if (objects.size() == 0) return bytesOf(stored->message);
  auto saving = kj::joinPromises(KJ_MAP(object, objects) { return saveMaybe(object, host); });
  return saving.then([stored = kj::mv(stored)](kj::Array<kj::String>&& refs) mutable {
    auto root = _::contentOf(*stored).getAs<stored::Message>();
    auto list = root.initRefs(refs.size());
    for (auto i: kj::indices(refs)) list.set(i, refs[i]);
    return bytesOf(stored->message);
  });
}

Bytes recordStep(kj::StringPtr what) {
  capnp::MallocMessageBuilder message(32);
  message.initRoot<stored::Message>().setStep(what);
  return bytesOf(message);
}

RecordedMessage readRecorded(kj::ArrayPtr<const kj::byte> bytes, ObjectHost& host) {
  RecordedMessage result{kj::heap<_::Message>(), kj::String(), kj::String()};
  if (bytes.size() == 0) return result;
  StoredMessage stored(bytes);
  auto objects = KJ_MAP(ref, stored.refs())->kj::Maybe<kj::Own<capnp::ClientHook>> {
    if (ref.size() == 0) return nullptr;
    return host.restore(ref);
  };
  capnp::ReaderCapabilityTable table(kj::mv(objects));
  _::contentOf(*result.message).set(table.imbue(stored.content()));
  result.key = kj::str(stored.key());
  result.step = kj::str(stored.step());
  return result;
}

kj::Own<_::Message> copyOf(_::Message& message) {
  auto copy = kj::heap<_::Message>();
  _::contentOf(*copy).set(_::contentOf(message).asReader());
  return copy;
}

kj::Exception exceptionOf(const Record& record) {
  using Type = kj::Exception::Type;
  auto make = [&](Type type, kj::String text) {
    return kj::Exception(type, __FILE__, __LINE__, kj::mv(text));
  };
  kj::StringPtr text = "";
  auto type = Type::FAILED;
  KJ_IF_MAYBE(error, record.error) {
    text = error->text;
    type = error->type;
  }
  switch (record.state) {
    case PromiseState::REJECTED: return make(type, kj::str(text));
    case PromiseState::CANCELED:
      return make(
          Type::FAILED, kj::str("the durable promise \"", record.id, "\" was canceled: ", text));
    case PromiseState::TIMEDOUT:
      return make(Type::OVERLOADED,
          kj::str("the deadline of the durable promise \"", record.id, "\" passed"));
    default: KJ_FAIL_ASSERT("this promise has no error", record.id, nameOf(record.state));
  }
}

kj::Own<_::Message> outcomeOf(const Record& record, ObjectHost& host) {
  if (record.state != PromiseState::FULFILLED) kj::throwFatalException(exceptionOf(record));
  return readRecorded(record.value, host).message;
}

kj::Own<_::Message> answerOf(const Record& record, ObjectHost& host) {
  if (record.state == PromiseState::FULFILLED) return outcomeOf(record, host);
  auto exception = exceptionOf(record);
  _::addRecordedMark(exception);
  kj::throwFatalException(kj::mv(exception));
}

Settlement rejectionFor(const kj::Exception& exception) {
  auto text = exception.getDescription();
  auto length = kj::min(text.size(), Store::ERROR_BYTES_MAX);
  // Not in the middle of a character.
  while (length < text.size() && length > 0 && (text[length] & 0xc0) == 0x80) --length;
  return {PromiseState::REJECTED, nullptr,
      PromiseError{exception.getType(), kj::heapString(text.begin(), length)}};
}

}  // namespace troth

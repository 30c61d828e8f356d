#include "values.h"

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/serialize-text.h>
#include <kj/debug.h>
#include <kj/encoding.h>
#include <troth/stored-message.h>

#include "json.h"
#include "ref-table.h"
#include "value-json.h"

namespace troth::command {
namespace {

kj::String sized(kj::ArrayPtr<const kj::byte> bytes) {
  return kj::str('<', bytes.size(), bytes.size() == 1 ? " byte>" : " bytes>");
}

// Text is a list of bytes that ends in a zero; lists that do so by chance are no text otherwise.
kj::Maybe<kj::StringPtr> findText(capnp::AnyPointer::Reader content) {
  if (!content.isList()) return nullptr;
  auto list = content.getAs<capnp::AnyList>();
  if (list.getElementSize() != capnp::ElementSize::BYTE) return nullptr;
  auto bytes = content.getAs<capnp::Data>();
  if (bytes.size() == 0 || bytes.back() != 0) return nullptr;
  auto chars = bytes.slice(0, bytes.size() - 1).asChars();
  kj::StringPtr text(chars.begin(), chars.size());
  if (text.findFirst('\0') != nullptr || kj::encodeUtf32(text).hadErrors) return nullptr;
  return text;
}

// What a method or a step without results gives.
bool isNothing(kj::ArrayPtr<const kj::byte> bytes) {
  bool nothing = false;
  kj::runCatchingExceptions([&]() { nothing = StoredMessage(bytes).content().isNull(); });
  return nothing;
}

// Calls `useText` or `useStruct` with what a value is; `other()` if that is not known, or if it is
// not what `type` says.
template <typename UseText, typename UseStruct, typename Other>
kj::String read(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type,
    UseText&& useText, UseStruct&& useStruct, Other&& other) {
  kj::Maybe<kj::String> result;
  auto exception = kj::runCatchingExceptions([&]() {
    StoredMessage message(bytes);
    KJ_IF_MAYBE(text, findText(message.content())) {
      result = useText(*text);
    } else KJ_IF_MAYBE(t, type) {
      auto refs = message.refs();
      RefTable table(refs);
      result = useStruct(table.imbue(message.content()).getAs<capnp::DynamicStruct>(*t), table);
    }
  });
  if (exception != nullptr) return other();
  KJ_IF_MAYBE(r, result) return kj::mv(*r);
  return other();
}

}  // namespace

kj::String showValue(
    kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type, Layout layout) {
  if (bytes.size() == 0 || (type == nullptr && isNothing(bytes))) return kj::str('-');
  capnp::TextCodec codec;
  codec.setPrettyPrint(layout == Layout::MANY_LINES);
  return read(
      bytes, type, [](kj::StringPtr text) { return kj::str('"', kj::encodeCEscape(text), '"'); },
      [&](capnp::DynamicStruct::Reader value, const RefTable&) { return codec.encode(value); },
      [&]() { return sized(bytes); });
}

kj::String showValueAsJson(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type,
    const Schemas& schemas) {
  auto none = []() { return kj::str("null"); };
  if (bytes.size() == 0) return none();
  return read(
      bytes, type, [](kj::StringPtr text) { return jsonText(text); },
      [&](capnp::DynamicStruct::Reader value, const RefTable& refs) {
        return ValueJson(schemas, refs).encode(value);
      },
      none);
}

kj::Array<kj::String> refsOf(kj::ArrayPtr<const kj::byte> bytes) {
  kj::Array<kj::String> refs;
  kj::runCatchingExceptions([&]() {
    StoredMessage message(bytes);
    refs = KJ_MAP(ref, message.refs()) { return kj::str(ref); };
  });
  return refs;
}

kj::Array<const kj::byte> parseValue(kj::StringPtr text, capnp::StructSchema type) {
  StoredMessageBuilder message;
  auto content = message.content().initAs<capnp::DynamicStruct>(type);
  KJ_IF_MAYBE(exception,
      kj::runCatchingExceptions([&]() { capnp::TextCodec().decode(text, content); })) {
    KJ_FAIL_REQUIRE(kj::str(
        "this is no ", type.getShortDisplayName(), ": ", text, ": ", exception->getDescription()));
  }
  return message.finish();
}

kj::Array<const kj::byte> textValue(kj::StringPtr text) {
  StoredMessageBuilder message;
  message.content().setAs<capnp::Text>(text);
  return message.finish();
}

}  // namespace troth::command

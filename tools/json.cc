#include "json.h"

#include <capnp/compat/json.h>

namespace troth::command {

kj::String jsonText(kj::StringPtr text) {
  return capnp::JsonCodec().encode(capnp::Text::Reader(text));
}

kj::String jsonTextOrNull(const kj::Maybe<kj::String>& text) {
  KJ_IF_MAYBE(t, text) return jsonText(*t);
  return kj::str("null");
}

kj::String jsonList(kj::ArrayPtr<const kj::String> items) {
  return kj::str('[', kj::strArray(items, ","), ']');
}

JsonObject& JsonObject::add(kj::StringPtr name, kj::StringPtr json) {
  fields.add(kj::str(jsonText(name), ':', json));
  return *this;
}

kj::String JsonObject::finish() const { return kj::str('{', kj::strArray(fields, ","), '}'); }

}  // namespace troth::command

#pragma once
// JSON, written piece by piece.

#include <kj/string.h>
#include <kj/vector.h>

#include <cstdint>

namespace troth::command {

kj::String jsonText(kj::StringPtr text);
kj::String jsonTextOrNull(const kj::Maybe<kj::String>& text);
kj::String jsonList(kj::ArrayPtr<const kj::String> items);

// An object. Fields stay in the order in which they are added.
class JsonObject {
public:
  // `json` is a value that is JSON already.
  JsonObject& add(kj::StringPtr name, kj::StringPtr json);
  JsonObject& addText(kj::StringPtr name, kj::StringPtr text) { return add(name, jsonText(text)); }
  JsonObject& addNumber(kj::StringPtr name, uint64_t number) { return add(name, kj::str(number)); }

  kj::String finish() const;

private:
  kj::Vector<kj::String> fields;
};

}  // namespace troth::command

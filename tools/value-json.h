#pragma once
// What a schema describes, as JSON.

#include <capnp/compat/json.h>
#include <capnp/dynamic.h>

#include "json.h"
#include "schemas.h"

namespace troth::command {

class ValueJson {
public:
  explicit ValueJson(const Schemas& schemas);
  ~ValueJson() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(ValueJson);

  // `refs` says what the capabilities in `content` stand for. Throws FAILED if there is something
  // in it that JSON has no form for.
  kj::String encode(capnp::AnyPointer::Reader content, kj::ArrayPtr<const kj::StringPtr> refs,
      capnp::StructSchema type);

private:
  class RefHandler;
  class DataHandler;

  capnp::JsonCodec codec;
  kj::Own<RefHandler> refHandler;
  kj::Own<DataHandler> dataHandler;
};

}  // namespace troth::command

#pragma once
// What a schema describes, as JSON.

#include <capnp/compat/json.h>
#include <capnp/dynamic.h>

#include "ref-table.h"
#include "schemas.h"

namespace troth::command {

class ValueJson {
public:
  // `refs` says what the capabilities in a value stand for, and must outlive this.
  ValueJson(const Schemas& schemas, const RefTable& refs);
  ~ValueJson() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(ValueJson);

  // Throws FAILED if there is something in it that JSON has no form for.
  kj::String encode(capnp::DynamicStruct::Reader value);

private:
  class RefHandler;
  class DataHandler;

  capnp::JsonCodec codec;
  kj::Own<RefHandler> refHandler;
  kj::Own<DataHandler> dataHandler;
};

}  // namespace troth::command

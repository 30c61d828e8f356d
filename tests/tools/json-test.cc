#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <gtest/gtest.h>
#include <kj/debug.h>

#include "promise-json.h"
#include "values.h"

namespace troth::command {
namespace {

Record newRecord() {
  Record record;
  record.id = kj::str("a \"quoted\" \\ id");
  record.call = {kj::str("bank"), 0xfedcba9876543210, 7, textValue("x")};
  record.parent = kj::str("p");
  record.root = kj::str("r");
  record.tags = kj::arr(kj::str("one"), kj::str("two"));
  record.created = kj::UNIX_EPOCH + 1 * kj::MICROSECONDS;
  record.lease = Lease{kj::str("vat"), kj::UNIX_EPOCH};
  record.epoch = 2;
  return record;
}

TEST(Json, ARecordIsOneDocumentWithTheseFields) {
  Schemas schemas(nullptr, nullptr);
  auto json = recordAsJson(newRecord(), RecordTypes(schemas, nullptr)).finish();
  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<capnp::JsonValue>();
  capnp::JsonCodec().decodeRaw(json, value);
  auto names = KJ_MAP(field, value.getObject()) { return kj::str(field.getName()); };
  EXPECT_EQ(kj::strArray(names, " "),
      "id state call step parent root tags created deadline settled value error lease epoch due");
  EXPECT_EQ(value.getObject()[0].getValue().getString().asString(), "a \"quoted\" \\ id");
  EXPECT_TRUE(json.endsWith(
      "\"created\":\"1970-01-01T00:00:00.000001Z\",\"deadline\":null,\"settled\":null,"
      "\"value\":null,\"error\":null,\"lease\":{\"owner\":\"vat\",\"expires\":"
      "\"1970-01-01T00:00:00.000000Z\"},\"epoch\":2,\"due\":null}"));
}

TEST(Json, TypesOfErrorsHaveNames) {
  for (auto name: {"failed", "overloaded", "disconnected", "unimplemented"}) {
    EXPECT_EQ(nameOf(KJ_ASSERT_NONNULL(findErrorType(name))), name);
  }
  EXPECT_TRUE(findErrorType("bad") == nullptr);
}

}  // namespace
}  // namespace troth::command

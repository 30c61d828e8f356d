#include "values.h"

#include <capnp/capability.h>
#include <capnp/dynamic.h>
#include <gtest/gtest.h>
#include <kj/debug.h>
#include <troth/stored-message.h>

namespace troth::command {
namespace {

constexpr kj::StringPtr FILES[] = {SHOP_SCHEMA ""_kj};

class Values: public testing::Test {
public:
  ~Values() noexcept override {}

protected:
  Schemas schemas{FILES, nullptr};

  capnp::StructSchema type(kj::StringPtr name) {
    return KJ_ASSERT_NONNULL(schemas.findStruct(name));
  }
  kj::String json(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type) {
    return showValueAsJson(bytes, type, schemas);
  }

  // What Bank.open gives: one object, and one that is null.
  kj::Array<const kj::byte> opened() {
    StoredMessageBuilder message;
    capnp::BuilderCapabilityTable table;
    auto results = openMethod().getResultType();
    auto content = table.imbue(message.content()).initAs<capnp::DynamicStruct>(results);
    auto account = results.getFieldByName("account");
    content.set(account,
        capnp::DynamicValue::Reader(
            capnp::Capability::Client(KJ_EXCEPTION(FAILED, "nobody"))
                .castAs<capnp::DynamicCapability>(account.getType().asInterface())));
    message.setRefs({"troth:alice"_kj});
    return message.finish();
  }
  Schemas::Method openMethod() { return KJ_ASSERT_NONNULL(schemas.findMethod("Bank.open")); }
};

TEST_F(Values, WhatWasWrittenAsTextIsShownAsText) {
  auto text = "(approved = true, by = \"Änn \\\"A\\\"\", amounts = [1, -2], seal = \"abc\")"_kj;
  auto bytes = parseValue(text, type("Approval"));
  EXPECT_EQ(showValue(bytes, type("Approval")), text);
  EXPECT_EQ(json(bytes, type("Approval")),
      "{\"approved\":true,\"by\":\"Änn \\\"A\\\"\",\"amounts\":[\"1\",\"-2\"],\"seal\":\"YWJj\"}");
  EXPECT_TRUE(parseValue(text, type("Approval")).asPtr() == bytes.asPtr());
}

TEST_F(Values, WithoutATypeOnlyTheSizeIsShown) {
  auto bytes = parseValue("(approved = true)", type("Approval"));
  EXPECT_EQ(showValue(bytes, nullptr), kj::str('<', bytes.size(), " bytes>"));
  EXPECT_EQ(json(bytes, nullptr), "null");
}

TEST_F(Values, PlainTextNeedsNoType) {
  auto bytes = textValue("yes\nby Änn");
  EXPECT_EQ(showValue(bytes, nullptr), "\"yes\\nby Änn\"");
  EXPECT_EQ(showValue(bytes, type("Approval")), "\"yes\\nby Änn\"");
  EXPECT_EQ(json(bytes, nullptr), "\"yes\\nby Änn\"");
}

TEST_F(Values, NoBytesAreNoValue) {
  EXPECT_EQ(showValue(nullptr, type("Approval")), "-");
  EXPECT_EQ(json(nullptr, type("Approval")), "null");
  EXPECT_EQ(refsOf(nullptr).size(), 0);
}

TEST_F(Values, AMessageWithoutContentIsNoValue) {
  EXPECT_EQ(showValue(StoredMessageBuilder().finish(), nullptr), "-");
}

TEST_F(Values, BytesThatAreNoMessageAreShownByTheirSize) {
  for (auto size: {1, 7, 8, 16, 24}) {
    auto bytes = kj::heapArray<kj::byte>(size);
    memset(bytes.begin(), 0xff, bytes.size());
    EXPECT_EQ(
        showValue(bytes, type("Approval")), kj::str('<', size, size == 1 ? " byte>" : " bytes>"));
    EXPECT_EQ(json(bytes, type("Approval")), "null");
    EXPECT_EQ(refsOf(bytes).size(), 0);
  }
}

TEST_F(Values, DataIsNotMistakenForText) {
  StoredMessageBuilder message;
  message.content().setAs<capnp::Data>(kj::StringPtr("a\xff").asBytes());
  EXPECT_STREQ(showValue(message.finish(), nullptr).cStr(), "<56 bytes>");
}

TEST_F(Values, ObjectsAreShownAsTheirSturdyRefs) {
  auto bytes = opened();
  auto refs = refsOf(bytes);
  ASSERT_EQ(refs.size(), 1);
  EXPECT_EQ(refs[0], "troth:alice");
  EXPECT_EQ(json(bytes, openMethod().getResultType()), "{\"account\":{\"ref\":\"troth:alice\"}}");
  EXPECT_STREQ(
      showValue(bytes, openMethod().getResultType()).cStr(), "(account = <external capability>)");
}

TEST_F(Values, MethodsAreFoundByNameAndByNumber) {
  auto ping = KJ_ASSERT_NONNULL(schemas.findMethod("Bank.ping"));
  auto interface = ping.getContainingInterface();
  EXPECT_EQ(interface.getShortDisplayName(), "Pinged");
  auto found = KJ_ASSERT_NONNULL(schemas.findMethod(interface.getProto().getId(), 0));
  EXPECT_TRUE(found == ping);
  EXPECT_TRUE(schemas.findMethod(interface.getProto().getId(), 1) == nullptr);
  EXPECT_TRUE(schemas.findMethod(1234, 0) == nullptr);
  for (auto wrong: {"ping", "Bank.close", "Approval.by", "Nothing.ping", ".", ""}) {
    EXPECT_TRUE(schemas.findMethod(wrong) == nullptr) << wrong;
  }
}

}  // namespace
}  // namespace troth::command

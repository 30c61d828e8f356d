#include <gtest/gtest.h>
#include <kj/exception.h>
#include <troth/stored-message.h>

namespace troth {
namespace {

kj::Array<const kj::byte> textMessage(kj::StringPtr text) {
  StoredMessageBuilder message;
  message.content().setAs<capnp::Text>(text);
  return message.finish();
}

bool isRefused(kj::ArrayPtr<const kj::byte> bytes) {
  return kj::runCatchingExceptions([&]() {
    StoredMessage message(bytes);
    message.content().getAs<capnp::Text>();
    message.refs();
  }) != nullptr;
}

TEST(StoredMessage, GivesBackWhatWasBuilt) {
  StoredMessageBuilder builder;
  builder.content().setAs<capnp::Text>("hello");
  builder.setRefs({"troth:alice"_kj, ""_kj});
  auto bytes = builder.finish();
  StoredMessage message(bytes);
  EXPECT_TRUE(message.content().getAs<capnp::Text>() == "hello");
  auto refs = message.refs();
  ASSERT_EQ(refs.size(), 2);
  EXPECT_TRUE(refs[0] == "troth:alice");
  EXPECT_TRUE(refs[1] == "");
}

TEST(StoredMessage, TheSameContentGivesTheSameBytes) {
  EXPECT_TRUE(textMessage("hello").asPtr() == textMessage("hello").asPtr());
  EXPECT_FALSE(textMessage("hello").asPtr() == textMessage("hallo").asPtr());
}

TEST(StoredMessage, NoBytesAreNoContent) {
  StoredMessage message(nullptr);
  EXPECT_TRUE(message.content().isNull());
  EXPECT_EQ(message.refs().size(), 0);
}

TEST(StoredMessage, ReadsBytesFromAnyAddress) {
  auto bytes = textMessage("hello");
  auto shifted = kj::heapArray<kj::byte>(bytes.size() + 1);
  memcpy(shifted.begin() + 1, bytes.begin(), bytes.size());
  StoredMessage message(shifted.slice(1, shifted.size()));
  EXPECT_TRUE(message.content().getAs<capnp::Text>() == "hello");
}

TEST(StoredMessage, RefusesWhatIsCutOff) {
  auto bytes = textMessage("a text that is long enough to take several words");
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_TRUE(isRefused(bytes.slice(0, size))) << size;
  }
  EXPECT_FALSE(isRefused(bytes));
}

TEST(StoredMessage, RefusesWhatIsNoMessage) {
  auto bytes = kj::heapArray<kj::byte>(64);
  memset(bytes.begin(), 0xff, bytes.size());
  EXPECT_TRUE(isRefused(bytes));
}

}  // namespace
}  // namespace troth

// What a store accepts from a program.

#include "checks.h"

#include <set>

#include "micros.h"
#include "records.h"

namespace troth {
namespace {

kj::String lots(size_t size) {
  auto text = kj::heapString(size);
  memset(text.begin(), 'a', size);
  return text;
}

kj::String textOf(std::initializer_list<int> bytes) {
  auto text = kj::heapString(bytes.size());
  auto to = text.begin();
  for (int byte: bytes) *to++ = static_cast<char>(byte);
  return text;
}

using NameCheck = void (*)(kj::StringPtr);

struct Name {
  NameCheck check;
  size_t bytesMax;
};

const Name NAMES[] = {{&checkId, Store::ID_BYTES_MAX}, {&checkTarget, Store::TARGET_BYTES_MAX},
    {&checkOwner, Store::OWNER_BYTES_MAX}, {&checkTag, Store::TAG_BYTES_MAX}};

TEST(Checks, ANameMayBeOfAnyTextUpToItsLimit) {
  for (auto& name: NAMES) {
    name.check("a");
    name.check(" ");
    name.check("'; DROP TABLE promises; -- \\ \" {} % _ NULL");
    name.check("Grüße, 世界 🎉");
    name.check(lots(name.bytesMax));
    auto tooLong = thrownBy([&]() { name.check(lots(name.bytesMax + 1)); });
    EXPECT_MENTIONS(tooLong.getDescription(), "too long");
  }
}

TEST(Checks, TheLimitCountsBytesNotCharacters) {
  auto euros = kj::strArray(kj::repeat("€"_kj, Store::ID_BYTES_MAX / 3), "");
  checkId(euros);
  thrownBy([&]() { checkId(kj::str(euros, "€")); });
}

TEST(Checks, ANameHasNoControlCharacters) {
  for (auto& name: NAMES) {
    for (int byte = 0; byte < 0x20; ++byte) {
      auto failure = thrownBy([&]() { name.check(textOf({'a', byte, 'b'})); });
      EXPECT_MENTIONS(failure.getDescription(), "control character");
    }
    thrownBy([&]() { name.check(textOf({'a', 0x7f})); });
  }
}

TEST(Checks, ANameIsUtf8) {
  const kj::String wrong[] = {
      textOf({0xff}),                    // never occurs
      textOf({'a', 0xc3}),               // cut off
      textOf({0x80, 'a'}),               // goes on with nothing
      textOf({0xc0, 0xaf}),              // longer than needed
      textOf({0xe0, 0x80, 0xaf}),        // longer than needed
      textOf({0xed, 0xa0, 0x80}),        // half a surrogate pair
      textOf({0xf4, 0x90, 0x80, 0x80}),  // beyond the last character
  };
  for (auto& name: NAMES) {
    for (auto& text: wrong) {
      SCOPED_TRACE(kj::encodeCEscape(text).cStr());
      auto failure = thrownBy([&]() { name.check(text); });
      EXPECT_MENTIONS(failure.getDescription(), "not UTF-8");
    }
  }
}

TEST(Checks, OnlyATargetMayBeEmpty) {
  checkTarget("");
  EXPECT_MENTIONS(thrownBy([]() { checkId(""); }).getDescription(), "empty");
  EXPECT_MENTIONS(thrownBy([]() { checkOwner(""); }).getDescription(), "empty");
  EXPECT_MENTIONS(thrownBy([]() { checkTag(""); }).getDescription(), "empty");
}

// ---- Creating ----

CreateRequest work(kj::StringPtr id) {
  CreateRequest request;
  request.id = kj::str(id);
  request.call.target = kj::str("bank");
  request.call.interfaceId = 1;
  request.call.methodId = 2;
  request.call.params = bytesOf("params");
  return request;
}

kj::String refusalOf(CreateRequest request) {
  return kj::str(thrownBy([&]() { checked(kj::mv(request)); }).getDescription());
}

TEST(Checks, TagsAreSortedAndEachKeptOnce) {
  auto request = work("a");
  request.tags = kj::arr(kj::str("b"), kj::str("a"), kj::str("é"), kj::str("b"), kj::str("B"));
  auto creation = checked(kj::mv(request));
  EXPECT_EQ(kj::strArray(creation.request.tags, ","), "B,a,b,é");
}

TEST(Checks, TagsAreCountedOnceEach) {
  auto tagged = [](size_t count) {
    auto request = work("a");
    auto tags = kj::heapArrayBuilder<kj::String>(count * 2);
    for (size_t i = 0; i < count; ++i) tags.add(kj::str("tag", i)), tags.add(kj::str("tag", i));
    request.tags = tags.finish();
    return request;
  };
  EXPECT_EQ(checked(tagged(Store::TAGS_MAX)).request.tags.size(), Store::TAGS_MAX);
  EXPECT_MENTIONS(refusalOf(tagged(Store::TAGS_MAX + 1)), "too many tags");
}

TEST(Checks, ADeadlineIsRoundedDownToMicroseconds) {
  auto request = work("a");
  request.deadline = kj::UNIX_EPOCH + 5 * kj::MICROSECONDS + 999 * kj::NANOSECONDS;
  auto creation = checked(kj::mv(request));
  EXPECT_TRUE(
      KJ_ASSERT_NONNULL(creation.request.deadline) == kj::UNIX_EPOCH + 5 * kj::MICROSECONDS);
}

TEST(Checks, APromiseIsNoPartOfItself) {
  auto request = work("a");
  request.parent = kj::str("a");
  EXPECT_MENTIONS(refusalOf(kj::mv(request)), "a part of itself");
}

TEST(Checks, ALeaseNeedsATargetAnOwnerAndALength) {
  auto leased = [](kj::StringPtr owner, kj::Duration duration) {
    auto request = work("a");
    request.lease = LeaseRequest{kj::str(owner), duration};
    return request;
  };
  checked(leased("me", 1 * kj::MILLISECONDS));
  checked(leased("me", 36500 * kj::DAYS));
  EXPECT_MENTIONS(refusalOf(leased("", 1 * kj::SECONDS)), "empty");
  EXPECT_MENTIONS(refusalOf(leased("me", 0 * kj::SECONDS)), "out of its range");
  EXPECT_MENTIONS(refusalOf(leased("me", -1 * kj::SECONDS)), "out of its range");
  EXPECT_MENTIONS(refusalOf(leased("me", 36501 * kj::DAYS)), "out of its range");
  auto outside = leased("me", 1 * kj::SECONDS);
  outside.call.target = nullptr;
  EXPECT_MENTIONS(refusalOf(kj::mv(outside)), "settled from outside");
}

TEST(Checks, ADelayIsNotNegative) {
  checkDelay(0 * kj::SECONDS);
  checkDelay(36500 * kj::DAYS);
  thrownBy([]() { checkDelay(-1 * kj::NANOSECONDS); });
  thrownBy([]() { checkDelay(36501 * kj::DAYS); });
}

TEST(Checks, AMessageHasALimit) {
  auto request = work("a");
  request.call.params = kj::heapArray<kj::byte>(Store::MESSAGE_BYTES_MAX);
  checked(kj::mv(request));
  auto larger = work("a");
  larger.call.params = kj::heapArray<kj::byte>(Store::MESSAGE_BYTES_MAX + 1);
  EXPECT_MENTIONS(refusalOf(kj::mv(larger)), "too large");
}

// ---- What is the same request ----

std::string digestOf(CreateRequest request) {
  return kj::encodeHex(checked(kj::mv(request)).digest).cStr();
}

TEST(Checks, ADigestIsOfWhatIsAskedForAndNothingElse) {
  auto digest = digestOf(work("a"));
  EXPECT_EQ(digest.size(), 2 * DIGEST_BYTES);

  auto same = work("another id");
  same.deadline = kj::UNIX_EPOCH;
  same.tags = kj::arr(kj::str("tag"));
  same.lease = LeaseRequest{kj::str("me"), 1 * kj::SECONDS};
  same.repetition = Repetition::STRICT;
  EXPECT_EQ(digestOf(kj::mv(same)), digest);
}

TEST(Checks, ADigestDiffersWithEachPartOfWhatIsAskedFor) {
  std::set<std::string> digests;
  auto add = [&](auto&& change) {
    auto request = work("a");
    change(request);
    EXPECT_TRUE(digests.insert(digestOf(kj::mv(request))).second);
  };
  add([](auto&) {});
  add([](auto& r) { r.call.target = kj::str("banks"); });
  add([](auto& r) { r.call.target = nullptr; });
  add([](auto& r) { r.call.interfaceId = 2; });
  add([](auto& r) { r.call.interfaceId = 1ull << 63; });
  add([](auto& r) { r.call.methodId = 1; });
  add([](auto& r) { r.call.params = nullptr; });
  add([](auto& r) { r.call.params = bytesOf("Params"); });
  add([](auto& r) { r.parent = kj::str("p"); });
  add([](auto& r) { r.parent = kj::str("q"); });
}

// ---- Settling ----

SettleRequest settlement(PromiseState state) {
  SettleRequest request{.id = kj::str("a"), .state = state};
  if (state != PromiseState::FULFILLED) request.error = PromiseError{{}, kj::str("why")};
  return request;
}

kj::String refusalOf(SettleRequest request) {
  return kj::str(thrownBy([&]() { checked(kj::mv(request)); }).getDescription());
}

TEST(Checks, ASettlementHasAValueOrAnErrorAsItsStateSays) {
  checked(settlement(PromiseState::FULFILLED));
  auto withError = settlement(PromiseState::FULFILLED);
  withError.error = PromiseError{};
  EXPECT_MENTIONS(refusalOf(kj::mv(withError)), "has no error");
  for (auto state: {PromiseState::REJECTED, PromiseState::CANCELED}) {
    checked(settlement(state));
    auto withValue = settlement(state);
    withValue.value = bytesOf("value");
    EXPECT_MENTIONS(refusalOf(kj::mv(withValue)), "has no value");
    auto withoutError = settlement(state);
    withoutError.error = nullptr;
    EXPECT_MENTIONS(refusalOf(kj::mv(withoutError)), "says why");
  }
}

TEST(Checks, NobodySettlesAPromiseAsPendingOrTimedOut) {
  for (auto state: {PromiseState::PENDING, PromiseState::TIMEDOUT}) {
    EXPECT_MENTIONS(refusalOf(settlement(state)), "a deadline does the rest");
  }
}

TEST(Checks, TheTextOfAnErrorIsAnyTextUpToItsLimit) {
  auto rejection = [](kj::String text) {
    auto request = settlement(PromiseState::REJECTED);
    request.error = PromiseError{kj::Exception::Type::FAILED, kj::mv(text)};
    return request;
  };
  checked(rejection(kj::str("")));
  checked(rejection(kj::str("two\nlines\t'quoted' \\ € 🎉")));
  checked(rejection(lots(Store::ERROR_BYTES_MAX)));
  EXPECT_MENTIONS(refusalOf(rejection(lots(Store::ERROR_BYTES_MAX + 1))), "too long");
  EXPECT_MENTIONS(refusalOf(rejection(textOf({'a', 0, 'b'}))), "not UTF-8 text");
  EXPECT_MENTIONS(refusalOf(rejection(textOf({0xff}))), "not UTF-8 text");
}

TEST(Checks, AValueHasALimit) {
  auto request = settlement(PromiseState::FULFILLED);
  request.value = kj::heapArray<kj::byte>(Store::MESSAGE_BYTES_MAX + 1);
  EXPECT_MENTIONS(refusalOf(kj::mv(request)), "too large");
}

}  // namespace
}  // namespace troth

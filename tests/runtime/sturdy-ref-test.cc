// The text of sturdy refs, and their secrets.

#include <troth/sturdy-ref.h>

#include <random>
#include <set>

#include "sturdy-secret.h"
#include "testing.h"

namespace troth {
namespace {

using Random = std::mt19937;

SturdyRef ref(kj::StringPtr host, kj::StringPtr name, kj::StringPtr key, kj::StringPtr secret) {
  return {kj::str(host), kj::str(name), kj::str(key), kj::str(secret)};
}

void expectSame(const SturdyRef& a, const SturdyRef& b) {
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.secret, b.secret);
}

// Any bytes, but mostly those that mean something.
kj::String randomPart(Random& random, size_t sizeMin) {
  constexpr kj::StringPtr SPECIAL = "/#:%[]?@ troth+~-_.2Fé"_kj;
  auto result = kj::heapString(sizeMin + random() % 12);
  for (auto& c: result) {
    c = random() % 4 == 0 ? char(random() % 256) : SPECIAL[random() % SPECIAL.size()];
  }
  return result;
}

SturdyRef randomRef(Random& random) {
  SturdyRef result;
  result.name = randomPart(random, 0);
  if (result.name.size() > 0 && random() % 2 == 0) result.key = randomPart(random, 1);
  if (random() % 2 == 0) result.host = randomPart(random, 1);
  if (random() % 2 == 0) result.secret = randomPart(random, 1);
  return result;
}

kj::Maybe<SturdyRef> tryParse(kj::StringPtr text) {
  kj::Maybe<SturdyRef> result;
  kj::runCatchingExceptions([&]() { result = SturdyRef::parse(text); });
  return result;
}

TEST(SturdyRef, HasTheTextThatIsDocumented) {
  EXPECT_EQ(ref("bank.example:7700", "Account", "alice", "s-_3").toText(),
      "troth://bank.example:7700/Account/alice#s-_3");
  EXPECT_EQ(ref("[::1]:7700", "bank", "", "").toText(), "troth://[::1]:7700/bank");
  EXPECT_EQ(ref("bank.example:7700", "", "", "").toText(), "troth://bank.example:7700/");
  EXPECT_EQ(ref("", "Account", "a/b#c d", "").toText(), "troth:/Account/a%2Fb%23c%20d");
  EXPECT_EQ(ref("", "", "", "").toText(), "troth:/");
  EXPECT_EQ(ref("unix:/run/bank.sock", "Account", "alice", "s").toText(),
      "troth://unix:%2Frun%2Fbank.sock/Account/alice#s");
}

TEST(SturdyRef, EveryRefIsReadBackFromItsText) {
  Random random(20240701);
  std::set<std::string> texts;
  for (int i = 0; i < 20000; ++i) {
    auto one = randomRef(random);
    auto text = one.toText();
    for (char c: text) ASSERT_TRUE(c > ' ' && c <= '~') << text.cStr();
    expectSame(SturdyRef::parse(text), one);
    expectSame(one.clone(), one);
    ASSERT_FALSE(HasFailure()) << "ref " << i << ": " << text.cStr();
  }
}

TEST(SturdyRef, WhateverIsReadHasATextOfItsOwn) {
  Random random(20240702);
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    auto text = randomRef(random).toText();
    text[random() % text.size()] = "/#%:x"[random() % 5];
    KJ_IF_MAYBE(one, tryParse(text)) {
      ++read;
      expectSame(SturdyRef::parse(one->toText()), *one);
      ASSERT_FALSE(HasFailure()) << "text " << i << ": " << text.cStr();
    }
  }
  EXPECT_GT(read, 1000);
}

TEST(SturdyRef, OtherTextIsRefusedWithTheFormThatIsExpected) {
  for (kj::StringPtr text: {"", "troth:", "troth:x", "http://h/x", "troth//h/x", "troth://h",
           "troth:///x", "troth://h//key", "troth://h/name/", "troth://h/name/key/more",
           "troth://h/%zz", "troth://h/name/key#", "troth://h/name#a#b", "troth://h#x/name",
           "bank.example:7700/bank", "TROTH://h/x", "troth://h/%4"}) {
    KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() { SturdyRef::parse(text); })) {
      EXPECT_EQ(e->getType(), kj::Exception::Type::FAILED);
      EXPECT_MENTIONS(describe(*e), "expected troth://host:port/name/key#secret");
    } else {
      ADD_FAILURE() << "read: " << text.cStr();
    }
  }
}

TEST(SturdyRef, AnErrorDoesNotShowTheSecret) {
  KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() { SturdyRef::parse("troth://h/a/b/c#hush"); })) {
    EXPECT_MENTIONS(describe(*e), "troth://h/a/b/c");
    EXPECT_EQ(describe(*e).find("hush"), std::string::npos) << describe(*e);
  } else {
    ADD_FAILURE() << "read";
  }
}

TEST(SturdyRef, AKeyNeedsAName) {
  EXPECT_MENTIONS(describe(KJ_ASSERT_NONNULL(
                      kj::runCatchingExceptions([&]() { ref("h", "", "key", "").toText(); }))),
      "has no name");
}

// =======================================================================================
// Secrets

constexpr kj::byte BYTES[32] = {};

TEST(SturdyKey, SecretsDifferInEverythingThatTheyStandFor) {
  SturdyKey key(BYTES);
  kj::byte otherBytes[32] = {1};
  SturdyKey other(otherBytes);
  std::set<std::string> secrets;
  auto add = [&](kj::String secret) {
    EXPECT_EQ(secret.size(), SturdyKey::SECRET_CHARS);
    EXPECT_TRUE(secrets.insert(secret.cStr()).second) << secret.cStr();
  };
  add(key.sign("name", "key", 0));
  add(key.sign("name", "key", 1));
  add(key.sign("name", "key", 256));
  add(key.sign("name", "ke", 0));
  add(key.sign("nam", "ekey", 0));
  add(key.sign("namek", "ey", 0));
  add(other.sign("name", "key", 0));
  EXPECT_EQ(key.sign("name", "key", 0), SturdyKey(BYTES).sign("name", "key", 0));
}

TEST(SturdyKey, AVatWithoutAKeyHasARandomOne) {
  EXPECT_NE(SturdyKey(nullptr).sign("name", "key", 0), SturdyKey(nullptr).sign("name", "key", 0));
}

TEST(SturdyKey, AShortKeyIsRefused) {
  EXPECT_MENTIONS(describe(KJ_ASSERT_NONNULL(
                      kj::runCatchingExceptions([&]() { SturdyKey(kj::arrayPtr(BYTES, 31)); }))),
      "sturdyKey is too short");
}

// HMAC-SHA-256 of the parts with their lengths, as another implementation computes it.
TEST(SturdyKey, SecretsAreHmacSha256) {
  EXPECT_EQ(SturdyKey(BYTES).sign("Account", "alice", 3), "VepCLImBpvHgnwU6XwnliQ");
}

TEST(SturdyKey, OnlyTheWholeSecretIsVerified) {
  SturdyKey key(BYTES);
  auto secret = key.sign("name", "key", 0);
  EXPECT_TRUE(key.verify(secret, "name", "key", 0));
  EXPECT_FALSE(key.verify(secret, "name", "key", 1));
  EXPECT_FALSE(key.verify("", "name", "key", 0));
  EXPECT_FALSE(key.verify(kj::str(secret, "A"), "name", "key", 0));
  for (size_t i = 0; i < secret.size(); ++i) {
    auto wrong = kj::str(secret);
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.verify(wrong, "name", "key", 0)) << i;
  }
}

}  // namespace
}  // namespace troth

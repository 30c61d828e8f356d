// Creating promises, settling them, finding them.

#include "store-contract.h"

namespace troth {
namespace {

// ---- Creating ----

TEST_P(StoreContract, ANewPromiseIsPendingAndIsFoundAsItWasMade) {
  auto request = work("a");
  request.tags = kj::arr(kj::str("red"), kj::str("blue"));
  request.deadline = clock.now() + 1 * kj::HOURS;
  auto created = create(kj::mv(request));
  EXPECT_EQ(created.state, PromiseState::PENDING);
  EXPECT_EQ(created.id, "a");
  EXPECT_EQ(created.call.target, "bank");
  EXPECT_EQ(created.call.interfaceId, 0xfedcba9876543210);
  EXPECT_EQ(created.call.methodId, 7);
  EXPECT_EQ(created.call.params, bytesOf("params"));
  EXPECT_EQ(kj::strArray(created.tags, ","), "blue,red");
  EXPECT_TRUE(created.created == clock.now());
  EXPECT_TRUE(KJ_ASSERT_NONNULL(created.deadline) == clock.now() + 1 * kj::HOURS);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(created.due) == clock.now());
  EXPECT_TRUE(created.parent == nullptr);
  EXPECT_TRUE(created.root == nullptr);
  EXPECT_EQ(created.epoch, 0);
  EXPECT_EQ(show(get("a")), show(created));
  EXPECT_EQ(show(get(*open(), "a")), show(created));
}

TEST_P(StoreContract, APromiseMadeWithItsOutcomeIsSettledByOneWrite) {
  auto request = work("a");
  request.settlement = Settlement{.value = bytesOf("yes")};
  auto made = create(kj::mv(request));
  EXPECT_EQ(made.state, PromiseState::FULFILLED);
  EXPECT_EQ(made.value, bytesOf("yes"));
  EXPECT_EQ(show(get(*open(), "a")), show(made));
  EXPECT_EQ(show(settle(fulfill("a"))), show(made));
}

TEST_P(StoreContract, APromiseMadeWithItsOutcomeLeavesTheWorkOfOthersAlone) {
  create(leased("a", "somebody"));
  auto request = work("a");
  request.settlement = Settlement{.value = bytesOf("yes")};
  EXPECT_EQ(create(kj::mv(request)).state, PromiseState::PENDING);
}

TEST_P(StoreContract, APromiseThatNobodyMadeIsNotFound) { EXPECT_FALSE(exists("a")); }

TEST_P(StoreContract, ARepeatedRequestGetsTheSameRecord) {
  auto created = show(create(work("a")));
  clock.advance(1 * kj::SECONDS);
  EXPECT_EQ(show(create(work("a"))), created);
  EXPECT_EQ(show(create(strictly(work("a")))), created);
  EXPECT_EQ(show(wait(open()->create(work("a")))), created);
}

TEST_P(StoreContract, ARepetitionChangesNeitherDeadlineNorTags) {
  auto created = show(create(work("a")));
  auto repetition = withDeadline(work("a"), clock.now() + 1 * kj::HOURS);
  repetition.tags = kj::arr(kj::str("late"));
  EXPECT_EQ(show(create(kj::mv(repetition))), created);
  EXPECT_EQ(show(get("a")), created);
}

TEST_P(StoreContract, AnIdThatStandsForSomethingElseIsTaken) {
  create(work("a"));
  expectRefused(store->create(work("a", "another bank")), "the id \"a\" is taken");
  expectRefused(store->create(outside("a")), "is taken");
  EXPECT_EQ(get("a").call.target, "bank");
}

TEST_P(StoreContract, ADifferingRequestForASettledPromiseConvergesUnlessItIsStrict) {
  create(work("a"));
  auto settled = show(settle(fulfill("a")));
  EXPECT_EQ(show(create(work("a", "another bank"))), settled);
  expectRefused(store->create(strictly(work("a", "another bank"))), "is taken");
  EXPECT_EQ(show(create(strictly(work("a")))), settled);
}

TEST_P(StoreContract, ManyWhoMakeOnePromiseGetOneRecord) {
  auto other = open();
  kj::Vector<kj::Promise<Record>> creating;
  for (int i = 0; i < 100; ++i) creating.add((i % 2 ? *store : *other).create(work("a")));
  auto first = show(wait(kj::mv(creating[0])));
  for (auto& promise: creating.slice(1, creating.size()))
    EXPECT_EQ(show(wait(kj::mv(promise))), first);
}

// ---- Settling ----

TEST_P(StoreContract, AFulfilledPromiseKeepsItsValue) {
  auto created = create(outside("a"));
  clock.advance(1 * kj::SECONDS);
  auto settled = settle(fulfill("a", "seven"));
  EXPECT_EQ(settled.state, PromiseState::FULFILLED);
  EXPECT_EQ(settled.value, bytesOf("seven"));
  EXPECT_TRUE(settled.error == nullptr);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(settled.settled) == clock.now());
  EXPECT_TRUE(settled.created == created.created);
  EXPECT_EQ(show(get("a")), show(settled));
  EXPECT_EQ(show(get(*open(), "a")), show(settled));
}

TEST_P(StoreContract, ARejectedOrCanceledPromiseKeepsItsErrorOfEveryType) {
  int number = 0;
  for (auto type: {kj::Exception::Type::FAILED, kj::Exception::Type::OVERLOADED,
           kj::Exception::Type::DISCONNECTED, kj::Exception::Type::UNIMPLEMENTED}) {
    for (auto state: {PromiseState::REJECTED, PromiseState::CANCELED}) {
      auto id = kj::str("a", number++);
      create(outside(id));
      auto request = fail(id, state, "out of\nmoney");
      KJ_ASSERT_NONNULL(request.error).type = type;
      settle(kj::mv(request));
      auto record = get(id);
      EXPECT_EQ(record.state, state);
      EXPECT_EQ(KJ_ASSERT_NONNULL(record.error).type, type);
      EXPECT_EQ(KJ_ASSERT_NONNULL(record.error).text, "out of\nmoney");
      EXPECT_EQ(record.value.size(), 0);
    }
  }
}

TEST_P(StoreContract, TheFirstSettlementStands) {
  create(outside("a"));
  auto first = show(settle(fulfill("a", "first")));
  clock.advance(1 * kj::SECONDS);
  EXPECT_EQ(show(settle(fulfill("a", "second"))), first);
  EXPECT_EQ(show(settle(reject("a"))), first);
  EXPECT_EQ(show(settle(cancel("a"))), first);
  EXPECT_EQ(show(get("a")), first);
}

TEST_P(StoreContract, AStrictSettlementIsRefusedWhereAnotherStands) {
  create(outside("a"));
  auto first = show(settle(strictly(fulfill("a", "first"))));
  EXPECT_EQ(show(settle(strictly(fulfill("a", "first")))), first);
  expectRefused(store->settle(strictly(fulfill("a", "second"))), "fulfilled already");
  expectRefused(store->settle(strictly(reject("a"))), "cannot be rejected");
  EXPECT_EQ(show(get("a")), first);
}

TEST_P(StoreContract, APromiseThatNobodyMadeCannotBeSettled) {
  expectRefused(store->settle(fulfill("a")), "there is no promise \"a\"");
  expectRefused(store->settle(reject("a")), "there is no promise \"a\"");
  EXPECT_FALSE(exists("a"));
}

TEST_P(StoreContract, OfManySettlementsOneWins) {
  auto other = open();
  create(outside("a"));
  kj::Vector<kj::Promise<Record>> settling;
  for (int i = 0; i < 50; ++i) {
    settling.add((i % 2 ? *store : *other).settle(fulfill("a", kj::str(i))));
  }
  auto winner = show(wait(kj::mv(settling[0])));
  for (auto& promise: settling.slice(1, settling.size()))
    EXPECT_EQ(show(wait(kj::mv(promise))), winner);
  EXPECT_EQ(show(get("a")), winner);
}

TEST_P(StoreContract, RequestsForOnePromiseAreCarriedOutInTheOrderInWhichTheyAreMade) {
  auto before = store->find("a");
  auto created = store->create(work("a"));
  auto between = store->find("a");
  auto settled = store->settle(fulfill("a"));
  auto after = store->find("a");
  EXPECT_TRUE(wait(kj::mv(before)) == nullptr);
  EXPECT_EQ(wait(kj::mv(created)).state, PromiseState::PENDING);
  EXPECT_EQ(KJ_ASSERT_NONNULL(wait(kj::mv(between))).state, PromiseState::PENDING);
  EXPECT_EQ(wait(kj::mv(settled)).state, PromiseState::FULFILLED);
  EXPECT_EQ(KJ_ASSERT_NONNULL(wait(kj::mv(after))).state, PromiseState::FULFILLED);
}

TEST_P(StoreContract, ARefusedRequestDoesNotDisturbThoseBesideIt) {
  create(work("taken"));
  auto good = store->create(work("good"));
  auto taken = store->create(outside("taken"));
  auto missing = store->settle(fulfill("missing"));
  auto stale = store->settle(atEpoch(fulfill("taken"), 5));
  auto settled = store->settle(fulfill("good"));
  expectRefused(kj::mv(taken), "is taken");
  expectRefused(kj::mv(missing), "there is no promise");
  expectRefused(kj::mv(stale), "is lost");
  EXPECT_EQ(wait(kj::mv(good)).state, PromiseState::PENDING);
  EXPECT_EQ(wait(kj::mv(settled)).state, PromiseState::FULFILLED);
}

// ---- Extremes ----

TEST_P(StoreContract, NamesMayBeAsLongAsTheirLimits) {
  auto longText = [](size_t bytes) { return kj::strArray(kj::repeat("€"_kj, bytes / 3), ""); };
  auto request = work(kj::str(longText(Store::ID_BYTES_MAX), "ab"));
  EXPECT_EQ(request.id.size(), Store::ID_BYTES_MAX);
  request.call.target = kj::str(longText(Store::TARGET_BYTES_MAX), "a");
  request.lease = LeaseRequest{longText(Store::OWNER_BYTES_MAX)};
  auto tags = kj::heapArrayBuilder<kj::String>(Store::TAGS_MAX);
  for (size_t i = 0; i < Store::TAGS_MAX; ++i) {
    tags.add(kj::str(longText(Store::TAG_BYTES_MAX - 1), char('a' + i)));
  }
  request.tags = tags.finish();
  auto id = kj::str(request.id);
  auto created = create(kj::mv(request));
  EXPECT_EQ(created.tags.size(), Store::TAGS_MAX);
  EXPECT_EQ(show(get(id)), show(created));

  auto error = kj::heapString(Store::ERROR_BYTES_MAX);
  memset(error.begin(), 'e', error.size());
  settle(reject(id, error));
  EXPECT_EQ(KJ_ASSERT_NONNULL(get(id).error).text, error);
}

TEST_P(StoreContract, NamesPastTheirLimitsAreRefused) {
  auto longId = kj::strArray(kj::repeat("x"_kj, Store::ID_BYTES_MAX + 1), "");
  expectRefused(store->create(outside(longId)), "too long");
  expectRefused(store->find(longId), "too long");
  expectRefused(store->whenSettled(longId), "too long");
  expectRefused(store->create(outside("")), "empty");
  expectRefused(store->create(outside("a\nb")), "control character");
}

kj::Array<const kj::byte> allBytes(size_t size) {
  auto bytes = kj::heapArray<kj::byte>(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = i * 31 + i / 256;
  return bytes;
}

TEST_P(StoreContract, MessagesMayBeLarge) {
  auto request = work("a");
  request.call.params = allBytes(1 << 20);
  create(kj::mv(request));
  auto settling = fulfill("a");
  settling.value = allBytes((1 << 20) + 1);
  settle(kj::mv(settling));
  auto record = get("a");
  EXPECT_TRUE(record.call.params == allBytes(1 << 20));
  EXPECT_TRUE(record.value == allBytes((1 << 20) + 1));
}

TEST_P(StoreContract, MessagesMayBeAsLargeAsTheirLimit) {
  auto bytes = allBytes(Store::MESSAGE_BYTES_MAX);
  auto request = work("a");
  request.call.params = kj::heapArray<kj::byte>(bytes);
  create(kj::mv(request));
  auto settling = fulfill("a");
  settling.value = kj::heapArray<kj::byte>(bytes);
  settle(kj::mv(settling));
  auto record = get("a");
  EXPECT_TRUE(record.call.params == bytes);
  EXPECT_TRUE(record.value == bytes);
}

TEST_P(StoreContract, MessagesMayBeEmpty) {
  auto request = work("a");
  request.call.params = nullptr;
  create(kj::mv(request));
  settle(fulfill("a", ""));
  auto record = get("a");
  EXPECT_EQ(record.state, PromiseState::FULFILLED);
  EXPECT_EQ(record.call.params.size(), 0);
  EXPECT_EQ(record.value.size(), 0);
  EXPECT_EQ(show(settle(strictly(fulfill("a", "")))), show(record));
}

TEST_P(StoreContract, NumbersMayBeOfAnySize) {
  auto request = work("a");
  request.call.interfaceId = ~uint64_t{0};
  request.call.methodId = 0xffff;
  request.deadline = clock.now() + 200 * 365 * kj::DAYS;
  auto created = create(kj::mv(request));
  EXPECT_EQ(show(get("a")), show(created));
  expectRefused(store->settle(atEpoch(fulfill("a"), ~uint64_t{0})), "is lost");
}

TEST_P(StoreContract, TextIsKeptAsItIsWhateverItMeansToADatabase) {
  for (auto text: TRICKY_TEXTS) {
    SCOPED_TRACE(text.cStr());
    auto request = work(text, kj::str("target ", text));
    request.call.params = bytesOf(text);
    request.tags = kj::arr(kj::str("tag ", text), kj::str(text));
    request.lease = LeaseRequest{kj::str(text)};
    auto created = create(kj::mv(request));
    EXPECT_EQ(created.id, text);
    EXPECT_EQ(KJ_ASSERT_NONNULL(created.lease).owner, text);
    EXPECT_EQ(show(get(text)), show(created));

    create(child(kj::str("child of ", text), text));
    wait(store->renew(renewal(text, 1, text)));
    wait(store->release(releasing(text, 1, text)));
    EXPECT_EQ(idsOf(claim(*store, text, kj::str("target ", text))), text.cStr());
    settle(reject(text, text));
    EXPECT_EQ(KJ_ASSERT_NONNULL(wait(store->whenSettled(text)).error).text, text);
  }
  for (auto text: TRICKY_TEXTS) {
    SCOPED_TRACE(text.cStr());
    SearchRequest byTag;
    byTag.tag = kj::str(text);
    EXPECT_EQ(idsOf(wait(store->search(kj::mv(byTag))).records), text.cStr());
    SearchRequest byParent;
    byParent.parent = kj::str(text);
    EXPECT_EQ(
        idsOf(wait(store->search(kj::mv(byParent))).records), kj::str("child of ", text).cStr());
  }
}

TEST_P(StoreContract, TextsThatLookAlikeAreDifferent) {
  const kj::StringPtr alike[] = {"a", "A", "a ", " a", "é", "e\xcc\x81", "ß", "ss", "a%", "a_"};
  for (auto id: alike) create(outside(id)), settle(fulfill(id, id));
  for (auto id: alike) EXPECT_EQ(get(id).value, bytesOf(id));
}

}  // namespace

static const kj::StringPtr TEXTS[] = {"'", "''", "\"", "\"\"", "\\", "\\\\", "\\'", ";", "--",
    "'; DROP TABLE promises; --", "' OR '1'='1", "{}", "{a,b}", "{\"a\",NULL}", "{NULL}", "NULL",
    "null", "()", "(a,b)", "ARRAY['x']", "$1", "$$", "?", "?1", ":id", "@id", "%", "_", "a,b",
    "\\x00ff", "\\N", "E'\\n'", "0", "-1", "true", "Grüße, 世界 🎉", "\xef\xbb\xbf", "\xc2\xa0",
    " spaces around ", "/* */", "`", "[x]", "a\\"};
const kj::ArrayPtr<const kj::StringPtr> TRICKY_TEXTS = TEXTS;

}  // namespace troth

#include "raw-peer.h"

namespace troth {
namespace {

// What a peer may send, and what must be said about it.
void expectRefused(kj::ArrayPtr<const kj::byte> bytes) {
  RawClient raw;
  auto good = raw.connect();
  auto bad = raw.connect();
  bad.write(bytes);
  bad.getStream().shutdownWrite();
  bad.reasonOfEnd();
  good.bootstrap(0);
  good.call(1, 0, ECHO);
  EXPECT_TRUE(good.outcomeOf(1) == nullptr);
}

template <size_t n>
kj::ArrayPtr<const kj::byte> words(const uint64_t (&raw)[n]) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(raw), n * sizeof(uint64_t));
}

TEST(Hostile, Text) {
  expectRefused(kj::StringPtr("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").asBytes());
}

TEST(Hostile, HugeSegmentCount) {
  const uint64_t raw[] = {0xffffffff, 0, 0};
  expectRefused(words(raw));
}

TEST(Hostile, HugeSegment) {
  const uint64_t raw[] = {0xffffffff00000000, 0};
  expectRefused(words(raw));
}

TEST(Hostile, ManySegmentsThatSumUpToTooMuch) {
  uint64_t raw[200];
  memset(raw, 0x7f, sizeof(raw));
  raw[0] = 0x7fffffff000001ff;
  expectRefused(words(raw));
}

TEST(Hostile, AFrameCutShort) {
  const uint64_t raw[] = {0x0000001000000000, 0x0001000100000000, 0};
  expectRefused(words(raw));
}

TEST(Hostile, AMessageWhosePointersLeadNowhere) {
  const uint64_t raw[] = {0x0000000200000000, 0x00ff00ff7ffffffc, 0xffffffffffffffff};
  expectRefused(words(raw));
}

TEST(Hostile, EmptyMessages) {
  const uint64_t raw[] = {0x0000000000000000, 0x0000000000000000};
  expectRefused(words(raw));
}

TEST(Hostile, RandomBytes) {
  uint32_t state = 1;
  for (int round = 0; round < 200; ++round) {
    kj::byte bytes[256];
    for (auto& byte: bytes) {
      state = state * 1664525 + 1013904223;
      byte = state >> 24;
    }
    // A plausible frame, so that what is inside is looked at.
    const kj::byte frame[] = {0, 0, 0, 0, 31, 0, 0, 0};
    if (round % 2 == 0) memcpy(bytes, frame, sizeof(frame));
    expectRefused(bytes);
  }
}

// Real messages with a few bytes changed.
TEST(Hostile, MessagesThatWereTamperedWith) {
  capnp::MallocMessageBuilder message;
  auto call = message.initRoot<capnp::rpc::Message>().initCall();
  call.setQuestionId(1);
  call.setInterfaceId(capnp::typeId<lab::Node>());
  call.setMethodId(SAME);
  call.initTarget().initPromisedAnswer().setQuestionId(0);
  passAnswer(call.initParams(), 0);
  auto bytes = capnp::messageToFlatArray(message);
  uint32_t state = 7;
  for (size_t at = 8; at < bytes.asBytes().size(); ++at) {
    auto changed = kj::heapArray(bytes.asBytes());
    state = state * 1664525 + 1013904223;
    changed[at] ^= (state >> 24) | 1;
    RawClient raw;
    auto peer = raw.connect();
    peer.bootstrap(0);
    peer.write(changed);
    peer.getStream().shutdownWrite();
    peer.reasonOfEnd();
  }
}

TEST(Hostile, AQuestionIdUsedTwiceEndsTheConnection) {
  RawClient raw;
  auto peer = raw.connect();
  peer.bootstrap(0);
  peer.call(1, 0, HOLD);
  peer.call(1, 0, HOLD);
  EXPECT_MENTIONS(peer.reasonOfEnd(), "already in use");
}

TEST(Hostile, TheIdOfARefusedCallUsedTwiceEndsTheConnection) {
  RawClient raw({.callsOutstanding = 1});
  auto peer = raw.connect();
  peer.bootstrap(0);
  EXPECT_TRUE(peer.outcomeOf(0) == nullptr);
  peer.call(1, 0, HOLD);
  peer.call(2, 0, HOLD);
  EXPECT_MENTIONS(KJ_REQUIRE_NONNULL(peer.outcomeOf(2)), "callsOutstanding");
  peer.call(2, 0, HOLD);
  EXPECT_MENTIONS(peer.reasonOfEnd(), "id of a refused call");
  raw.lab.open();
}

TEST(Hostile, FinishesReleasesAndReturnsOfWhatIsNotThere) {
  RawClient raw;
  auto peer = raw.connect();
  peer.bootstrap(0);
  peer.finish(77);
  peer.call(1, 0, ECHO);
  EXPECT_TRUE(peer.outcomeOf(1) == nullptr);
  peer.send([](auto message) { message.initReturn().setAnswerId(5); });
  EXPECT_NE(peer.reasonOfEnd(), "");
}

TEST(Hostile, RefusedCallsAreForgottenWhenFinished) {
  RawClient raw({.callsOutstanding = 1});
  auto peer = raw.connect();
  peer.bootstrap(0);
  EXPECT_TRUE(peer.outcomeOf(0) == nullptr);
  peer.call(1, 0, HOLD);
  for (int i = 0; i < 100; ++i) {
    peer.call(2, 0, ECHO);
    EXPECT_MENTIONS(KJ_REQUIRE_NONNULL(peer.outcomeOf(2)), "callsOutstanding");
    peer.finish(2);
  }
  raw.lab.open();
  EXPECT_TRUE(peer.outcomeOf(1) == nullptr);
  peer.call(2, 0, ECHO);
  EXPECT_TRUE(peer.outcomeOf(2) == nullptr);
}

TEST(Hostile, AFloodOfBootstrapsIsBounded) {
  RawClient raw({.callsOutstanding = 10, .references = 10});
  auto peer = raw.connect();
  for (int i = 0; i < 100; ++i) peer.bootstrap(i);
  EXPECT_MENTIONS(KJ_REQUIRE_NONNULL(peer.outcomeOf(99)), "references");
  EXPECT_EQ(raw.server->getTraffic().callsRefused, 80u);
}

TEST(Hostile, AServerThatAnswersWithGarbageBreaksItsCallsOnly) {
  TwoVats vats;
  auto good = vats.connect();
  auto pipe = vats.loop.newTwoWayPipe();
  auto bad = vats.client->connect<lab::Node>(kj::mv(pipe.ends[1]));
  auto label = bad.label();
  capnp::readMessage(*pipe.ends[0]).wait(vats);
  pipe.ends[0]->write("garbage garbage garbage garbage ", 32).wait(vats);
  EXPECT_EQ(failureOf(kj::mv(label), vats).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(good.echo(1).value().wait(vats), 1);
}

}  // namespace
}  // namespace troth

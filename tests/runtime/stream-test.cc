#include "loop-testing.h"

#include <kj/vector.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace troth {
namespace {

constexpr size_t LARGE = 32 << 20;

// What the kernel is told to buffer at each end, and what it holds of a connection whose reader is
// asleep, with much to spare.
constexpr int BUFFER = 128 << 10;
constexpr size_t KERNEL_MAX = 4 << 20;

// LARGE bytes that differ from one page to the next.
kj::ArrayPtr<const kj::byte> pattern() {
  static const kj::Array<kj::byte> bytes = []() {
    auto result = kj::heapArray<kj::byte>(LARGE);
    for (size_t i = 0; i < LARGE; ++i) result[i] = (i * 31 + (i >> 11)) & 0xff;
    return result;
  }();
  return bytes;
}

// The contract of a stream, over each kind of connection.
class Stream: public testing::TestWithParam<const char*> {
public:
  Stream() {
    for (auto stream: {client.get(), server.get()}) {
      for (auto option: {SO_SNDBUF, SO_RCVBUF}) {
        stream->setsockopt(SOL_SOCKET, option, &BUFFER, sizeof(BUFFER));
      }
    }
  }
  ~Stream() noexcept override {}

  bool isTcp() { return kj::StringPtr(GetParam()) == "tcp"; }

  // Writes until the kernel takes no more, and returns the write that is stuck.
  kj::Promise<void> fill(kj::AsyncIoStream& stream) {
    auto promise = stream.write(large.begin(), large.size());
    EXPECT_FALSE(promise.poll(waitScope));
    return promise;
  }

  Connection connect(kj::StringPtr kind) {
    if (kind == "pipe") {
      auto pipe = loop.newTwoWayPipe();
      return {kj::mv(pipe.ends[0]), kj::mv(pipe.ends[1])};
    }
    if (kind == "tcp") return connectOver(loop, "127.0.0.1:0");
    return connectOver(loop, kj::str(kind, ':', temporaryPath("stream")));
  }

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
  Connection connection = connect(GetParam());
  kj::Own<kj::AsyncIoStream>& client = connection.client;
  kj::Own<kj::AsyncIoStream>& server = connection.server;
  kj::ArrayPtr<const kj::byte> large = pattern();
};

INSTANTIATE_TEST_SUITE_P(
    Over, Stream, testing::Values("tcp", "unix", "unix-abstract", "pipe"), [](auto& info) {
      std::string name = info.param;
      return name == "unix-abstract" ? "abstract" : name;
    });

TEST_P(Stream, ReadsWhatWasWrittenBeforeTheOtherEndClosed) {
  client->write("hello", 5).wait(waitScope);
  client = nullptr;
  EXPECT_EQ("hello", server->readAllText().wait(waitScope));
}

TEST_P(Stream, ReadsAtLeastWhatIsAskedAndAtMostWhatFits) {
  char buffer[8];
  auto reading = server->tryRead(buffer, 3, 5);
  client->write("ab", 2).wait(waitScope);
  EXPECT_FALSE(reading.poll(waitScope));
  client->write("cdefg", 5).wait(waitScope);
  EXPECT_EQ(5u, reading.wait(waitScope));
  EXPECT_EQ(0, memcmp("abcde", buffer, 5));
  EXPECT_EQ(2u, server->tryRead(buffer, 1, 8).wait(waitScope));
  EXPECT_EQ(0, memcmp("fg", buffer, 2));
}

TEST_P(Stream, ReturnsLessThanTheMinimumAtTheEnd) {
  char buffer[8];
  auto reading = server->tryRead(buffer, 8, 8);
  client->write("abc", 3).wait(waitScope);
  client->shutdownWrite();
  EXPECT_EQ(3u, reading.wait(waitScope));
  EXPECT_EQ(0u, server->tryRead(buffer, 1, 8).wait(waitScope));
  EXPECT_EQ(0u, server->tryRead(buffer, 1, 8).wait(waitScope));
}

TEST_P(Stream, ReadsNothingWhenAskedForNothing) {
  EXPECT_EQ(0u, server->tryRead(nullptr, 0, 0).wait(waitScope));
}

TEST_P(Stream, GathersPiecesInOrder) {
  kj::Vector<kj::ArrayPtr<const kj::byte>> pieces;
  size_t total = 0;
  // More than one system call takes, with empty ones at either end and between.
  pieces.add(nullptr);
  for (size_t i = 0; i < 500; ++i) {
    size_t size = i % 7;
    pieces.add(large.slice(total, total + size));
    total += size;
  }
  pieces.add(nullptr);
  client->write(pieces).wait(waitScope);
  client->shutdownWrite();
  auto received = server->readAllBytes().wait(waitScope);
  EXPECT_TRUE(received == large.slice(0, total));
}

TEST_P(Stream, WritesNothingAtOnce) {
  client->write(nullptr, 0).wait(waitScope);
  client->write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>()).wait(waitScope);
}

TEST_P(Stream, HoldsTheWriterBackUntilASlowReaderHasRead) {
  auto writing = fill(*client);
  kj::Vector<kj::byte> received;
  auto buffer = kj::heapArray<kj::byte>(64 << 10);
  while (received.size() < LARGE - KERNEL_MAX) {
    EXPECT_FALSE(writing.poll(waitScope));
    received.addAll(
        buffer.slice(0, server->tryRead(buffer.begin(), 1, buffer.size()).wait(waitScope)));
    if (received.size() % (1 << 20) < buffer.size()) usleep(100);
  }
  while (received.size() < LARGE) {
    received.addAll(
        buffer.slice(0, server->tryRead(buffer.begin(), 1, buffer.size()).wait(waitScope)));
  }
  writing.wait(waitScope);
  EXPECT_TRUE(received.asPtr() == large);
}

long residentKb() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_P(Stream, KeepsNothingInMemoryForAReaderThatDoesNotRead) {
  server->tryRead(nullptr, 0, 0).wait(waitScope);
  char byte;
  client->write("x", 1).wait(waitScope);
  server->read(&byte, 1).wait(waitScope);
  long before = residentKb();
  auto writing = fill(*client);
  loop.timer().afterDelay(5 * kj::MILLISECONDS).wait(waitScope);
  EXPECT_FALSE(writing.poll(waitScope));
  EXPECT_LT(residentKb() - before, 4096);
}

TEST_P(Stream, CarriesLargeDataBothWaysAtOnce) {
  auto there = client->write(large.begin(), large.size());
  auto back = server->write(large.begin(), large.size());
  auto atServer = kj::heapArray<kj::byte>(LARGE);
  auto atClient = kj::heapArray<kj::byte>(LARGE);
  auto promises = kj::heapArrayBuilder<kj::Promise<void>>(4);
  promises.add(kj::mv(there));
  promises.add(kj::mv(back));
  promises.add(server->read(atServer.begin(), LARGE));
  promises.add(client->read(atClient.begin(), LARGE));
  kj::joinPromises(promises.finish()).wait(waitScope);
  EXPECT_TRUE(atServer == large);
  EXPECT_TRUE(atClient == large);
}

TEST_P(Stream, StillReadsAfterItStoppedWriting) {
  client->write("question", 8).wait(waitScope);
  client->shutdownWrite();
  EXPECT_EQ("question", server->readAllText().wait(waitScope));
  server->write("answer", 6).wait(waitScope);
  server->shutdownWrite();
  EXPECT_EQ("answer", client->readAllText().wait(waitScope));
}

TEST_P(Stream, StopsWritingAfterThePendingWrite) {
  auto writing = fill(*client);
  client->shutdownWrite();
  auto received = server->readAllBytes().wait(waitScope);
  writing.wait(waitScope);
  EXPECT_TRUE(received == large);
}

TEST_P(Stream, LosesNothingWhenAReadIsDropped) {
  char buffer[16];
  {
    auto reading = server->tryRead(buffer, 1, sizeof(buffer));
    EXPECT_FALSE(reading.poll(waitScope));
  }
  client->write("abcdef", 6).wait(waitScope);
  EXPECT_EQ(6u, server->tryRead(buffer, 6, sizeof(buffer)).wait(waitScope));
  EXPECT_EQ(0, memcmp("abcdef", buffer, 6));
}

TEST_P(Stream, LosesNothingWhenAReadIsDroppedHalfway) {
  char buffer[16];
  client->write("abc", 3).wait(waitScope);
  {
    auto reading = server->tryRead(buffer, 10, sizeof(buffer));
    EXPECT_FALSE(reading.poll(waitScope));
  }
  memset(buffer, 0, sizeof(buffer));
  EXPECT_EQ(2u, server->tryRead(buffer, 1, 2).wait(waitScope));
  client->write("def", 3).wait(waitScope);
  client->shutdownWrite();
  EXPECT_EQ(4u, server->tryRead(buffer + 2, 10, 14).wait(waitScope));
  EXPECT_EQ(0, memcmp("abcdef", buffer, 6));
}

TEST_P(Stream, KeepsWhatADroppedReadGotEvenAtTheEnd) {
  char buffer[16];
  client->write("abc", 3).wait(waitScope);
  EXPECT_FALSE(server->tryRead(buffer, 10, sizeof(buffer)).poll(waitScope));
  client = nullptr;
  EXPECT_EQ("abc", server->readAllText().wait(waitScope));
}

TEST_P(Stream, ForgetsTheBuffersOfAWriteThatIsDropped) {
  auto copy = kj::heapArray<kj::byte>(large);
  auto writing = client->write(copy.begin(), copy.size());
  EXPECT_FALSE(writing.poll(waitScope));
  writing = nullptr;
  copy = nullptr;
  client->shutdownWrite();
  auto received = server->readAllBytes().wait(waitScope);
  EXPECT_LT(received.size(), LARGE);
  EXPECT_TRUE(received == large.slice(0, received.size()));
}

TEST_P(Stream, WritesAgainAfterAWriteWasDropped) {
  fill(*client) = nullptr;
  auto again = client->write("again", 5);
  client->shutdownWrite();
  auto received = server->readAllBytes().wait(waitScope);
  again.wait(waitScope);
  EXPECT_EQ(0, memcmp("again", received.end() - 5, 5));
}

TEST_P(Stream, ReportsABrokenConnectionToTheWriterAsDisconnected) {
  server = nullptr;
  // The first may be accepted before the other end's answer has come.
  auto failure = failureOf(kj::evalNow([&]() -> kj::Promise<void> {
    return client->write("x", 1)
        .then([&]() { return loop.timer().afterDelay(5 * kj::MILLISECONDS); })
        .then([&]() { return client->write("y", 1); });
  }),
      waitScope);
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_TRUE(mentions(failure, isTcp() ? "write to 127.0.0.1:" : "write to a Unix socket"));
}

TEST_P(Stream, BreaksAPendingWriteWhenTheReaderGoesAway) {
  auto writing = fill(*client);
  server = nullptr;
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failureOf(kj::mv(writing), waitScope).getType());
}

TEST_P(Stream, NoticesThatTheOtherEndIsGoneWithoutWriting) {
  auto gone = client->whenWriteDisconnected();
  auto too = client->whenWriteDisconnected();
  EXPECT_FALSE(gone.poll(waitScope));
  too = nullptr;
  // With unread data, TCP says at once that the connection is gone instead of that it ends.
  client->write("x", 1).wait(waitScope);
  server = nullptr;
  gone.wait(waitScope);
  client->whenWriteDisconnected().wait(waitScope);
}

TEST_P(Stream, NoticesThatTheOtherEndIsGoneWhileReading) {
  auto gone = client->whenWriteDisconnected();
  char byte;
  auto reading = client->tryRead(&byte, 1, 1).catch_([](kj::Exception&&) { return size_t(0); });
  EXPECT_FALSE(gone.poll(waitScope));
  client->write("x", 1).wait(waitScope);
  server = nullptr;
  EXPECT_EQ(0u, reading.wait(waitScope));
  gone.wait(waitScope);
}

TEST_P(Stream, TakesAHalfClosedConnectionForALivingOne) {
  auto gone = client->whenWriteDisconnected();
  char byte;
  server->shutdownWrite();
  EXPECT_EQ(0u, client->tryRead(&byte, 1, 1).wait(waitScope));
  EXPECT_FALSE(gone.poll(waitScope));
  client->write("x", 1).wait(waitScope);
  server->read(&byte, 1).wait(waitScope);
  EXPECT_FALSE(gone.poll(waitScope));
}

TEST_P(Stream, EndsAPendingReadThatIsAborted) {
  char byte;
  auto reading = server->tryRead(&byte, 1, 1);
  EXPECT_FALSE(reading.poll(waitScope));
  server->abortRead();
  EXPECT_EQ(0u, reading.wait(waitScope));
}

TEST_P(Stream, RefusesASecondReadOrWriteAtTheSameTime) {
  char byte;
  auto reading = client->tryRead(&byte, 1, 1);
  EXPECT_ANY_THROW(client->tryRead(&byte, 1, 1).wait(waitScope));
  auto writing = fill(*client);
  EXPECT_ANY_THROW(client->write("x", 1).wait(waitScope));
}

TEST_P(Stream, DestroyedBeforeItsPromisesRejectsThem) {
  char byte;
  auto reading = client->tryRead(&byte, 1, 1);
  auto writing = fill(*client);
  auto gone = client->whenWriteDisconnected();
  client->shutdownWrite();
  client = nullptr;
  EXPECT_TRUE(mentions(failureOf(kj::mv(reading), waitScope), "destroyed while in use"));
  EXPECT_TRUE(mentions(failureOf(kj::mv(writing), waitScope), "destroyed while in use"));
  EXPECT_TRUE(mentions(failureOf(kj::mv(gone), waitScope), "destroyed while in use"));
}

TEST_P(Stream, MayBeDestroyedInAnyOrderWithItsPeer) {
  char byte;
  for (bool clientFirst: {true, false}) {
    auto pipe = loop.newTwoWayPipe();
    auto reading = pipe.ends[1]->tryRead(&byte, 1, 1);
    pipe.ends[clientFirst ? 0 : 1] = nullptr;
    reading = size_t(0);
    pipe.ends[clientFirst ? 1 : 0] = nullptr;
  }
}

TEST_P(Stream, PumpsToAnother) {
  auto next = loop.newTwoWayPipe();
  auto pumping = server->pumpTo(*next.ends[0])
                     .then([&](uint64_t size) {
                       next.ends[0]->shutdownWrite();
                       return size;
                     })
                     .eagerlyEvaluate(nullptr);
  auto writing = client->write(large.begin(), large.size())
                     .then([&]() { client->shutdownWrite(); })
                     .eagerlyEvaluate(nullptr);
  auto received = next.ends[1]->readAllBytes().wait(waitScope);
  writing.wait(waitScope);
  EXPECT_EQ(LARGE, pumping.wait(waitScope));
  EXPECT_TRUE(received == large);
}

TEST_P(Stream, GivesAccessToItsSocket) {
  EXPECT_GE(KJ_ASSERT_NONNULL(client->getFd()), 0);
  int type = 0;
  kj::uint size = sizeof(type);
  client->getsockopt(SOL_SOCKET, SO_TYPE, &type, &size);
  EXPECT_EQ(SOCK_STREAM, type);
  sockaddr_storage address{};
  size = sizeof(address);
  client->getsockname(reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(isTcp() ? AF_INET : AF_UNIX, address.ss_family);
  size = sizeof(address);
  server->getpeername(reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(isTcp() ? AF_INET : AF_UNIX, address.ss_family);
}

int option(kj::AsyncIoStream& stream, int level, int name) {
  int value = 0;
  kj::uint size = sizeof(value);
  stream.getsockopt(level, name, &value, &size);
  return value;
}

class TcpStream: public testing::Test {
public:
  ~TcpStream() noexcept override {}

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
  Connection connection = connectOver(loop, "127.0.0.1:0");
};

TEST_F(TcpStream, SendsSmallMessagesAtOnce) {
  EXPECT_NE(0, option(*connection.client, IPPROTO_TCP, TCP_NODELAY));
  EXPECT_NE(0, option(*connection.server, IPPROTO_TCP, TCP_NODELAY));
}

TEST_F(TcpStream, ProbesASilentPeerWhenAsked) {
  EXPECT_EQ(0, option(*connection.client, SOL_SOCKET, SO_KEEPALIVE));
  setKeepAlive(*connection.client, {1500 * kj::MILLISECONDS, 3 * kj::SECONDS, 4});
  EXPECT_NE(0, option(*connection.client, SOL_SOCKET, SO_KEEPALIVE));
  EXPECT_EQ(2, option(*connection.client, IPPROTO_TCP, TCP_KEEPIDLE));
  EXPECT_EQ(3, option(*connection.client, IPPROTO_TCP, TCP_KEEPINTVL));
  EXPECT_EQ(4, option(*connection.client, IPPROTO_TCP, TCP_KEEPCNT));
}

TEST_F(TcpStream, ReportsAResetToTheReaderAsDisconnected) {
  char byte;
  auto reading = connection.client->tryRead(&byte, 1, 1);
  struct linger linger {
    1, 0
  };
  connection.server->setsockopt(SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
  connection.server = nullptr;
  auto failure = failureOf(kj::mv(reading), waitScope);
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_TRUE(mentions(failure, "read from 127.0.0.1:"));
  EXPECT_TRUE(mentions(failure, "connection reset by peer"));
}

TEST_F(TcpStream, UrgentDataIsNotTakenForAHangUp) {
  auto gone = connection.server->whenWriteDisconnected();
  ASSERT_EQ(1, send(KJ_ASSERT_NONNULL(connection.client->getFd()), "!", 1, MSG_OOB));
  EXPECT_FALSE(gone.poll(waitScope));
  loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(waitScope);
  EXPECT_FALSE(gone.poll(waitScope));
}

}  // namespace
}  // namespace troth

#include "loop-testing.h"

#include <fcntl.h>
#include <kj/io.h>

#include <fstream>
#include <string>

namespace troth {
namespace {

// A pipe whose reading end is observed.
class FdObserverTest: public testing::Test {
public:
  ~FdObserverTest() noexcept override {}

  struct Pipe {
    kj::AutoCloseFd reading;
    kj::AutoCloseFd writing;
  };
  static Pipe newPipe() {
    int fds[2];
    KJ_SYSCALL(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
    return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
  }

  void send() { KJ_SYSCALL(write(pipe.writing, "x", 1)); }
  size_t receive() {
    char bytes[8];
    return kj::max(ssize_t(0), read(pipe.reading, bytes, sizeof(bytes)));
  }

  // Long enough for libuv to see what the kernel reports, and to be told to ignore it.
  void runLibuv() {
    auto other = loop.newTwoWayPipe();
    for (int i = 0; i < 3; ++i) {
      char byte = 'x';
      other.ends[0]->write(&byte, 1).wait(waitScope);
      other.ends[1]->read(&byte, 1).wait(waitScope);
    }
  }

  // Whether the kernel would tell libuv about the reading end.
  bool isWatched() {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(uv_backend_fd(&loop.uv())));
    std::string word;
    while (info >> word) {
      int fd = -1;
      if (word == "tfd:" && info >> fd && fd == pipe.reading.get()) return true;
    }
    return false;
  }

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
  Pipe pipe = newPipe();
  kj::Own<FdObserver> observer = loop.observe(pipe.reading);
};

TEST_F(FdObserverTest, ResolvesWhenThereIsSomethingToRead) {
  auto readable = observer->whenReadable();
  EXPECT_FALSE(readable.poll(waitScope));
  send();
  readable.wait(waitScope);
  EXPECT_EQ(1u, receive());
  EXPECT_FALSE(observer->whenReadable().poll(waitScope));
}

TEST_F(FdObserverTest, ResolvesAgainWhileBytesAreLeft) {
  send();
  for (int i = 0; i < 3; ++i) observer->whenReadable().wait(waitScope);
  EXPECT_EQ(1u, receive());
}

TEST_F(FdObserverTest, FindsBytesThatCameWhileNobodyWaited) {
  observer->whenReadable().poll(waitScope);
  send();
  runLibuv();
  observer->whenReadable().wait(waitScope);
  EXPECT_EQ(1u, receive());
}

TEST_F(FdObserverTest, ResolvesAtTheEnd) {
  auto readable = observer->whenReadable();
  pipe.writing = nullptr;
  readable.wait(waitScope);
  EXPECT_EQ(0u, receive());
}

TEST_F(FdObserverTest, ResolvesWhenThereIsRoomToWrite) {
  auto writer = loop.observe(pipe.writing);
  writer->whenWritable().wait(waitScope);
  size_t sent = 0;
  while (write(pipe.writing, "x", 1) == 1) ++sent;
  auto writable = writer->whenWritable();
  EXPECT_FALSE(writable.poll(waitScope));
  while (sent > 0) sent -= receive();
  writable.wait(waitScope);
}

TEST_F(FdObserverTest, ResolvesWritersWhenNobodyIsLeftToRead) {
  auto writer = loop.observe(pipe.writing);
  while (write(pipe.writing, "x", 1) == 1) {}
  auto writable = writer->whenWritable();
  EXPECT_FALSE(writable.poll(waitScope));
  observer = nullptr;
  pipe.reading = nullptr;
  writable.wait(waitScope);
}

TEST_F(FdObserverTest, WaitsInBothDirectionsAtOnce) {
  auto pair = loop.newTwoWayPipe();
  int end = KJ_ASSERT_NONNULL(pair.ends[0]->getFd());
  kj::AutoCloseFd copy(dup(end));
  auto socket = loop.observe(copy);
  auto readable = socket->whenReadable();
  socket->whenWritable().wait(waitScope);
  EXPECT_FALSE(readable.poll(waitScope));
  pair.ends[1]->write("x", 1).wait(waitScope);
  readable.wait(waitScope);
}

TEST_F(FdObserverTest, ADroppedWaitMakesRoomForTheNext) {
  observer->whenReadable().poll(waitScope);
  auto readable = observer->whenReadable();
  send();
  readable.wait(waitScope);
}

TEST_F(FdObserverTest, RefusesASecondWaitInTheSameDirection) {
  auto readable = observer->whenReadable();
  auto failure = kj::runCatchingExceptions([&]() { observer->whenReadable().wait(waitScope); });
  EXPECT_TRUE(mentions(KJ_ASSERT_NONNULL(failure), "one wait at a time"));
  send();
  readable.wait(waitScope);
}

TEST_F(FdObserverTest, BreaksItsWaitsWhenItIsDestroyed) {
  auto readable = observer->whenReadable();
  observer = nullptr;
  EXPECT_TRUE(mentions(failureOf(kj::mv(readable), waitScope), "destroyed"));
}

TEST_F(FdObserverTest, LeavesTheFileDescriptorToItsOwner) {
  observer = nullptr;
  send();
  EXPECT_EQ(1u, receive());
  observer = loop.observe(pipe.reading);
  send();
  observer->whenReadable().wait(waitScope);
}

TEST_F(FdObserverTest, RefusesAFileDescriptorThatIsNotOpen) { EXPECT_ANY_THROW(loop.observe(-1)); }

TEST_F(FdObserverTest, StaysWatchedFromOneWaitToTheNext) {
  send();
  observer->whenReadable().wait(waitScope);
  EXPECT_EQ(1u, receive());
  runLibuv();
  EXPECT_TRUE(isWatched());
}

TEST_F(FdObserverTest, IsNoLongerWatchedWhenBytesComeThatNobodyWaitsFor) {
  send();
  observer->whenReadable().wait(waitScope);
  runLibuv();
  EXPECT_FALSE(isWatched());
}

}  // namespace
}  // namespace troth

#include "loop-testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <kj/vector.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

namespace troth {
namespace {

class Listener: public testing::Test {
public:
  ~Listener() noexcept override {}

  kj::Own<kj::NetworkAddress> parse(kj::StringPtr text, kj::uint portHint = 0) {
    return loop.network().parseAddress(text, portHint).wait(waitScope);
  }

  kj::Own<kj::AsyncIoStream> connectTo(kj::ConnectionReceiver& listener) {
    return parse("127.0.0.1", listener.getPort())->connect().wait(waitScope);
  }

  kj::Exception listenFailure(kj::StringPtr text) {
    auto address = parse(text);
    return KJ_ASSERT_NONNULL(kj::runCatchingExceptions([&]() { address->listen(); }));
  }

  // Waits while one promise of the test's own goes on.
  void pause(kj::Duration delay) { loop.timer().afterDelay(delay).wait(waitScope); }

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
};

size_t openFiles() {
  size_t count = 0;
  auto directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

TEST_F(Listener, TellsThePortThatTheKernelChose) {
  auto listener = parse("127.0.0.1:0")->listen();
  EXPECT_NE(0u, listener->getPort());
  EXPECT_EQ(0u, parse(kj::str("unix:", temporaryPath("port")))->listen()->getPort());
}

TEST_F(Listener, LeavesConnectionsInTheKernelUntilTheyAreAccepted) {
  constexpr size_t CLIENTS = 20;
  auto listener = parse("127.0.0.1:0")->listen();
  auto first = listener->accept();
  kj::Vector<kj::Own<kj::AsyncIoStream>> clients;
  auto before = openFiles();
  for (size_t i = 0; i < CLIENTS; ++i) {
    clients.add(connectTo(*listener));
    clients.back()->write(&i, 1).wait(waitScope);
  }
  pause(2 * kj::MILLISECONDS);
  // One was waited for; the rest have a socket at their own end only.
  EXPECT_EQ(before + CLIENTS + 1, openFiles());
  for (size_t i = 0; i < CLIENTS; ++i) {
    auto server = (i == 0 ? kj::mv(first) : listener->accept()).wait(waitScope);
    unsigned char byte;
    server->read(&byte, 1).wait(waitScope);
    EXPECT_EQ(i, byte);
  }
}

TEST_F(Listener, AcceptsSeveralAtOnceInOrder) {
  auto listener = parse("127.0.0.1:0")->listen();
  auto first = listener->accept();
  auto second = listener->accept();
  auto client = connectTo(*listener);
  first.wait(waitScope);
  EXPECT_FALSE(second.poll(waitScope));
  auto another = connectTo(*listener);
  second.wait(waitScope);
}

TEST_F(Listener, LosesNoConnectionWhenAnAcceptIsDropped) {
  auto listener = parse("127.0.0.1:0")->listen();
  {
    auto dropped = listener->accept();
    EXPECT_FALSE(dropped.poll(waitScope));
  }
  auto client = connectTo(*listener);
  pause(1 * kj::MILLISECONDS);
  listener->accept().wait(waitScope);
}

TEST_F(Listener, DestroyedBeforeItsAcceptRejectsIt) {
  auto listener = parse("127.0.0.1:0")->listen();
  auto accepting = listener->accept();
  listener = nullptr;
  EXPECT_TRUE(mentions(failureOf(kj::mv(accepting), waitScope), "destroyed while accepting"));
}

// Uses up the process's file descriptors for as long as it lives.
class NoMoreFiles {
public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit lower = before;
    lower.rlim_cur = openFiles() + 8;
    setrlimit(RLIMIT_NOFILE, &lower);
    for (int fd; (fd = dup(0)) >= 0;) files.add(fd);
  }
  ~NoMoreFiles() {
    files.clear();
    setrlimit(RLIMIT_NOFILE, &before);
  }
  KJ_DISALLOW_COPY_AND_MOVE(NoMoreFiles);

private:
  rlimit before;
  kj::Vector<kj::AutoCloseFd> files;
};

TEST_F(Listener, WaitsWithoutSpinningWhileThereAreNoFileDescriptors) {
  auto listener = parse("127.0.0.1:0")->listen();
  auto client = connectTo(*listener);
  auto accepting = listener->accept();
  {
    NoMoreFiles none;
    auto start = clock();
    pause(50 * kj::MILLISECONDS);
    EXPECT_FALSE(accepting.poll(waitScope));
    EXPECT_LT(clock() - start, CLOCKS_PER_SEC / 100);
  }
  accepting.wait(waitScope);
}

TEST_F(Listener, HasItsPortToItself) {
  auto listener = parse("127.0.0.1:0")->listen();
  auto text = kj::str("127.0.0.1:", listener->getPort());
  auto failure = listenFailure(text);
  EXPECT_EQ(kj::str("listen on ", text, ": address already in use"), failure.getDescription());
}

TEST_F(Listener, SharesItsPortWithOthersThatAgree) {
  ListenOptions shared;
  shared.port = ListenOptions::Port::SHARED;
  auto first = loop.listen(*parse("127.0.0.1:0"), shared);
  auto second = loop.listen(*parse("127.0.0.1", first->getPort()), shared);
  EXPECT_EQ(first->getPort(), second->getPort());
  size_t accepted[2] = {0, 0};
  auto count = [&](kj::ConnectionReceiver& listener, size_t index) {
    return listener.accept()
        .then([&accepted, index](kj::Own<kj::AsyncIoStream>) { ++accepted[index]; })
        .eagerlyEvaluate(nullptr);
  };
  // The kernel chooses by the client's port, so both get some in the end.
  kj::Promise<void> atFirst = count(*first, 0), atSecond = count(*second, 1);
  for (int i = 0; i < 1000 && (accepted[0] == 0 || accepted[1] == 0); ++i) {
    auto client = connectTo(*first);
    pause(100 * kj::MICROSECONDS);
    if (atFirst.poll(waitScope)) atFirst = count(*first, 0);
    if (atSecond.poll(waitScope)) atSecond = count(*second, 1);
  }
  EXPECT_GT(accepted[0], 0u);
  EXPECT_GT(accepted[1], 0u);
}

TEST_F(Listener, RefusesOptionsForAForeignAddress) {
  class Foreign final: public kj::NetworkAddress {
  public:
    kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override { return kj::NEVER_DONE; }
    kj::Own<kj::ConnectionReceiver> listen() override { return {}; }
    kj::Own<kj::NetworkAddress> clone() override { return {}; }
    kj::String toString() override { return kj::str("foreign"); }
  } foreign;
  EXPECT_ANY_THROW(loop.listen(foreign));
}

bool exists(kj::StringPtr path) {
  struct stat status;
  return lstat(path.cStr(), &status) == 0;
}

// Leaves what a server that is killed leaves.
void leaveStaleSocket(kj::StringPtr path) {
  kj::AutoCloseFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strcpy(address.sun_path, path.cStr());
  ASSERT_EQ(0, bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  ASSERT_EQ(0, listen(fd, 1));
}

TEST_F(Listener, RemovesItsUnixSocketWhenItCloses) {
  auto path = temporaryPath("removed");
  auto listener = parse(kj::str("unix:", path))->listen();
  EXPECT_TRUE(exists(path));
  listener = nullptr;
  EXPECT_FALSE(exists(path));
}

TEST_F(Listener, TakesOverTheUnixSocketOfAServerThatDied) {
  auto path = temporaryPath("stale");
  leaveStaleSocket(path);
  auto address = parse(kj::str("unix:", path));
  auto listener = address->listen();
  auto connecting = address->connect();
  listener->accept().wait(waitScope);
  connecting.wait(waitScope);
}

TEST_F(Listener, NeverTakesTheUnixSocketOfAServerThatLives) {
  auto text = kj::str("unix:", temporaryPath("alive"));
  auto listener = parse(text)->listen();
  EXPECT_EQ(kj::str("listen on ", text, ": address already in use"),
      listenFailure(text).getDescription());
  // The attempt to find out has left a connection behind, which ends at once.
  EXPECT_EQ("", listener->accept().wait(waitScope)->readAllText().wait(waitScope));
  auto connecting = parse(text)->connect();
  listener->accept().wait(waitScope);
  connecting.wait(waitScope);
}

TEST_F(Listener, NeverRemovesAFileThatIsNotItsSocket) {
  auto path = temporaryPath("file");
  kj::AutoCloseFd file(open(path.cStr(), O_CREAT | O_WRONLY, 0600));
  EXPECT_TRUE(mentions(listenFailure(kj::str("unix:", path)), "address already in use"));
  EXPECT_TRUE(exists(path));
  unlink(path.cStr());

  auto listener = parse(kj::str("unix:", path))->listen();
  unlink(path.cStr());
  kj::AutoCloseFd replacement(open(path.cStr(), O_CREAT | O_WRONLY, 0600));
  listener = nullptr;
  EXPECT_TRUE(exists(path));
  unlink(path.cStr());
}

TEST_F(Listener, RefusesConnectionsBeyondItsQueue) {
  auto path = kj::str("unix:", temporaryPath("queue"));
  ListenOptions short_;
  short_.connectionsQueuedMax = 1;
  auto address = parse(path);
  auto listener = loop.listen(*address, short_);
  kj::Vector<kj::Own<kj::AsyncIoStream>> clients;
  kj::Maybe<kj::Exception> refusal;
  for (int i = 0; i < 8 && refusal == nullptr; ++i) {
    refusal = kj::runCatchingExceptions([&]() { clients.add(address->connect().wait(waitScope)); });
  }
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, KJ_ASSERT_NONNULL(refusal).getType());
  for (size_t i = 0; i < clients.size(); ++i) listener->accept().wait(waitScope);
}

TEST_F(Listener, LetsAClientWaitForAPlaceInItsQueueOverTcp) {
  ListenOptions none;
  none.connectionsQueuedMax = 0;
  auto listener = loop.listen(*parse("127.0.0.1:0"), none);
  auto address = parse("127.0.0.1", listener->getPort());
  auto first = address->connect().wait(waitScope);
  auto waiting = address->connect();
  pause(2 * kj::MILLISECONDS);
  EXPECT_FALSE(waiting.poll(waitScope));
  // Dropped while the kernel is still trying.
}

TEST_F(Listener, GivesAccessToItsSocket) {
  auto listener = parse("127.0.0.1:0")->listen();
  int listening = 0;
  kj::uint size = sizeof(listening);
  listener->getsockopt(SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  EXPECT_EQ(1, listening);
  listener->setsockopt(SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

}  // namespace
}  // namespace troth

// A vat in a process of its own, which is told to stop as systems tell servers.

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

namespace troth {
namespace {

// The program served-node, started on a socket at `path`.
class Child {
public:
  explicit Child(kj::StringPtr address) {
    int out[2];
    KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM, 0, out));
    KJ_SYSCALL(pid = fork());
    if (pid == 0) {
      dup2(out[1], STDOUT_FILENO);
      close(out[0]);
      execl(TROTH_SERVED_NODE, TROTH_SERVED_NODE, address.cStr(), nullptr);
      _exit(127);
    }
    close(out[1]);
    char byte;
    // It prints a line when it listens.
    KJ_REQUIRE(read(out[0], &byte, 1) == 1, "the server did not start");
    output = kj::AutoCloseFd(out[0]);
  }
  ~Child() {
    if (pid == 0) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  void signal(int number) { kill(pid, number); }

  // Waits for the end, and gives the status that waitpid() gives. The vat goes on.
  int wait(Vat& vat) {
    auto stream = vat.loop().wrapSocket(kj::mv(output));
    stream->readAllText().wait(vat);
    int status;
    KJ_SYSCALL(waitpid(pid, &status, 0));
    pid = 0;
    return status;
  }

private:
  pid_t pid = 0;
  kj::AutoCloseFd output;
};

// Answers when the test says so.
class Gated final: public Server<lab::Node> {
public:
  explicit Gated(Lab& lab): lab(lab) {}
  kj::Promise<void> echo(Echo call) override {
    co_await lab.wait();
    call.fulfill(call.value());
  }

private:
  Lab& lab;
};

class Signals: public testing::TestWithParam<int> {};

TEST_P(Signals, EndAServerOnceItsCallsAreDone) {
  auto address = kj::str("unix:", temporaryPath("served"));
  Child child(address);
  Lab lab;
  Vat vat;
  auto root = vat.connect<lab::Node>(address);
  // The server is not done with this before we are.
  auto outstanding = root.throughCallback(kj::heap<Gated>(lab), 41).value();
  EXPECT_EQ(root.echo(2).value().wait(vat), 2);
  child.signal(GetParam());
  for (;;) {
    auto refused = root.keep(nullptr);
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { refused.wait(vat); })) {
      EXPECT_EQ(exception->getType(), kj::Exception::Type::DISCONNECTED);
      break;
    }
  }
  lab.open();
  EXPECT_EQ(outstanding.wait(vat), 42);
  auto status = child.wait(vat);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

INSTANTIATE_TEST_SUITE_P(Every, Signals, testing::Values(SIGTERM, SIGINT));

TEST(Run, AServerThatIsKilledBreaksItsCalls) {
  auto address = kj::str("unix:", temporaryPath("killed"));
  Vat vat;
  kj::Maybe<Promise<lab::Node::HoldResults>> held;
  {
    Child child(address);
    auto root = vat.connect<lab::Node>(address);
    EXPECT_EQ(root.echo(1).value().wait(vat), 1);
    held = root.hold();
    EXPECT_EQ(root.echo(1).value().wait(vat), 1);
  }
  auto failure = failureOf(kj::mv(KJ_ASSERT_NONNULL(held)), vat);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  // The socket's file is still there; a new server takes it over.
  Child again(address);
  EXPECT_EQ(vat.connect<lab::Node>(address).echo(2).value().wait(vat), 2);
}

}  // namespace
}  // namespace troth

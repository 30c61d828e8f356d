#include "loop-testing.h"

#include <kj/vector.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace troth {
namespace {

class Network: public testing::Test {
public:
  ~Network() noexcept override {}

  kj::Own<kj::NetworkAddress> parse(kj::StringPtr text, kj::uint portHint = 0) {
    return loop.network().parseAddress(text, portHint).wait(waitScope);
  }

  kj::Exception parseFailure(kj::StringPtr text, kj::uint portHint = 0) {
    return failureOf(loop.network().parseAddress(text, portHint), waitScope);
  }

  // A port of 127.0.0.1 that nobody listens on.
  kj::uint unusedPort() { return parse("127.0.0.1:0")->listen()->getPort(); }

  void expectWorks(Connection connection) {
    connection.client->write("x", 1).wait(waitScope);
    char byte;
    connection.server->read(&byte, 1).wait(waitScope);
    EXPECT_EQ('x', byte);
  }

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
};

TEST_F(Network, ConnectsOverIpv4) { expectWorks(connectOver(loop, "127.0.0.1:0")); }

bool machineHasIpv6() {
  kj::AutoCloseFd fd(socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

TEST_F(Network, ConnectsOverIpv6OrSaysThatTheMachineHasNone) {
  if (machineHasIpv6()) {
    expectWorks(connectOver(loop, "[::1]:0"));
  } else {
    auto address = parse("[::1]:0");
    auto failure = kj::runCatchingExceptions([&]() { address->listen(); });
    EXPECT_TRUE(mentions(KJ_ASSERT_NONNULL(failure), "listen on [::1]:0: "));
  }
}

TEST_F(Network, ConnectsByName) { expectWorks(connectOver(loop, "localhost:0")); }

TEST_F(Network, TriesTheAddressesOfANameInOrder) {
  // On most machines `localhost` is ::1 first, where nobody listens.
  auto listener = parse("127.0.0.1:0")->listen();
  auto connecting = parse("localhost", listener->getPort())->connect();
  auto server = listener->accept().wait(waitScope);
  expectWorks({connecting.wait(waitScope), kj::mv(server)});
}

TEST_F(Network, ListensOnEveryInterface) {
  auto listener = parse("*:0")->listen();
  auto connecting = parse("127.0.0.1", listener->getPort())->connect();
  auto server = listener->accept().wait(waitScope);
  expectWorks({connecting.wait(waitScope), kj::mv(server)});
}

TEST_F(Network, ConnectsOverUnixSockets) {
  expectWorks(connectOver(loop, kj::str("unix:", temporaryPath("network"))));
  expectWorks(connectOver(loop, kj::str("unix-abstract:", temporaryPath("network"))));
}

TEST_F(Network, PrintsAddressesAsTheyAreWritten) {
  for (kj::StringPtr text: {"127.0.0.1:80", "[::1]:80", "*:80", "unix:/tmp/x", "unix-abstract:x"}) {
    auto address = parse(text);
    EXPECT_EQ(text, address->toString());
    EXPECT_EQ(text, address->clone()->toString());
  }
}

TEST_F(Network, UsesTheHintForAPortThatIsMissing) {
  EXPECT_EQ("127.0.0.1:99", parse("127.0.0.1", 99)->toString());
  EXPECT_EQ("127.0.0.1:5", parse("127.0.0.1:5", 99)->toString());
  EXPECT_EQ("[::1]:99", parse("[::1]", 99)->toString());
  EXPECT_EQ("[::1]:99", parse("::1", 99)->toString());
  EXPECT_EQ("*:99", parse("*", 99)->toString());
}

TEST_F(Network, SaysWhatIsWrongWithAnAddress) {
  constexpr auto EXPECTED = "is not an address; expected host:port, [ipv6]:port or unix:/path";
  for (kj::StringPtr text: {"", "foo", "127.0.0.1", ":80", "[::1", "[::1]", "[::1]80", "[foo]:80",
           "[127.0.0.1]:80", "::1", "1:2:3", "a b:80", "http://host:80", "*"}) {
    auto failure = parseFailure(text);
    EXPECT_EQ(kj::Exception::Type::FAILED, failure.getType());
    EXPECT_EQ(kj::str('"', text, "\" ", EXPECTED), failure.getDescription());
  }
}

TEST_F(Network, SaysWhatIsWrongWithAPort) {
  for (kj::StringPtr port: {"", "x", "80x", "-1", "65536", "99999999999999999999", "0x50", " 80"}) {
    EXPECT_EQ(kj::str('"', port, "\" is not a port in \"host:", port,
                  "\"; expected a number from 0 to 65535"),
        parseFailure(kj::str("host:", port)).getDescription());
  }
}

TEST_F(Network, SaysWhatIsWrongWithAUnixPath) {
  EXPECT_TRUE(mentions(parseFailure("unix:"), "expected a path of 1 to 107 bytes"));
  EXPECT_TRUE(mentions(
      parseFailure(kj::str("unix:/", kj::repeat('x', 107))), "expected a path of 1 to 107 bytes"));
  EXPECT_TRUE(mentions(parseFailure("unix-abstract:"), "expected a name of 1 to 106 bytes"));
}

TEST_F(Network, NamesTheHostThatCannotBeFound) {
  auto failure = parseFailure("no-such-host.invalid:80");
  EXPECT_TRUE(mentions(failure, "look up \"no-such-host.invalid\": "));
}

TEST_F(Network, ReportsARefusedConnectionAsDisconnected) {
  auto port = unusedPort();
  auto failure = failureOf(parse("127.0.0.1", port)->connect(), waitScope);
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_EQ(
      kj::str("connect to 127.0.0.1:", port, ": connection refused"), failure.getDescription());
}

TEST_F(Network, ReportsAMissingUnixSocket) {
  auto path = temporaryPath("missing");
  auto failure = failureOf(parse(kj::str("unix:", path))->connect(), waitScope);
  EXPECT_EQ(
      kj::str("connect to unix:", path, ": no such file or directory"), failure.getDescription());
}

TEST_F(Network, SurvivesAConnectThatIsDropped) {
  auto listener = parse("127.0.0.1:0")->listen();
  auto address = parse("127.0.0.1", listener->getPort());
  { auto dropped = address->connect(); }
  {
    auto dropped = address->connect();
    address = nullptr;
    dropped.poll(waitScope);
  }
  auto abandoned = listener->accept().wait(waitScope);
  EXPECT_EQ("", abandoned->readAllText().wait(waitScope));
}

TEST_F(Network, SurvivesALookUpThatIsDropped) {
  { auto dropped = loop.network().parseAddress("localhost:80"); }
  {
    auto dropped = loop.network().parseAddress("no-such-host.invalid:80");
    // A thread is at work on it by now.
    loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(waitScope);
  }
  kj::Vector<kj::Promise<kj::Own<kj::NetworkAddress>>> many;
  for (int i = 0; i < 20; ++i) many.add(loop.network().parseAddress("localhost:80"));
  many.clear();
  parse("localhost:80");
}

TEST(NetworkTeardown, ALookUpMayBeUnderWayWhenALoopIsDestroyed) {
  ProgramLoop program;
  for (bool owned: {true, false}) {
    auto loop = owned ? kj::heap<Loop>() : kj::heap<Loop>(program.get());
    for (int i = 0; i < 8; ++i) {
      loop->network().parseAddress("localhost:80").ignoreResult().detach([](kj::Exception&&) {});
    }
    loop->timer().afterDelay(1 * kj::MILLISECONDS).wait(loop->waitScope());
    loop = nullptr;
  }
}

TEST(NetworkTeardown, ALookUpMayOutliveItsLoop) {
  ProgramLoop program;
  for (bool owned: {true, false}) {
    auto loop = owned ? kj::heap<Loop>() : kj::heap<Loop>(program.get());
    auto first = loop->network().parseAddress("localhost:80");
    auto second = loop->network().parseAddress("localhost:80");
    EXPECT_ANY_THROW(loop = nullptr);
    first = kj::Promise<kj::Own<kj::NetworkAddress>>(nullptr);
    if (!owned) program.run();
  }
}

TEST_F(Network, TellsWhoIsAtTheOtherEnd) {
  auto unixAddress = parse(kj::str("unix:", temporaryPath("identity")));
  auto unixListener = unixAddress->listen();
  auto accepting = unixListener->acceptAuthenticated();
  auto client = unixAddress->connectAuthenticated().wait(waitScope);
  auto local = accepting.wait(waitScope);
  auto& identity = kj::downcast<kj::LocalPeerIdentity>(*local.peerIdentity);
  EXPECT_EQ(getuid(), KJ_ASSERT_NONNULL(identity.getCredentials().uid));
  EXPECT_EQ(getpid(), KJ_ASSERT_NONNULL(identity.getCredentials().pid));

  auto listener = parse("127.0.0.1:0")->listen();
  auto address = parse("127.0.0.1", listener->getPort());
  auto remote = address->connectAuthenticated().wait(waitScope);
  EXPECT_EQ(address->toString(), remote.peerIdentity->toString());
  EXPECT_TRUE(listener->acceptAuthenticated().wait(waitScope).peerIdentity->toString().startsWith(
      "127.0.0.1:"));
}

TEST_F(Network, MakesAnAddressOfTheSystemsForm) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(80);
  raw.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ("127.0.0.1:80", loop.network().getSockaddr(&raw, sizeof(raw))->toString());
}

TEST_F(Network, SaysThatItHasNoDatagrams) {
  auto address = parse("127.0.0.1:0");
  auto failure =
      KJ_ASSERT_NONNULL(kj::runCatchingExceptions([&]() { address->bindDatagramPort(); }));
  EXPECT_EQ(kj::Exception::Type::UNIMPLEMENTED, failure.getType());
  EXPECT_TRUE(mentions(failure, "no datagrams"));
}

// Whether a network with these rules connects to an address; nobody listens there.
class Restricted: public Network {
public:
  bool allows(kj::ArrayPtr<const kj::StringPtr> allow, kj::ArrayPtr<const kj::StringPtr> deny,
      kj::StringPtr text) {
    auto network = loop.network().restrictPeers(allow, deny);
    auto address = network->parseAddress(text).wait(waitScope);
    KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() {
                  // A connection over the Internet is dropped as soon as it has begun.
                  address->connect().poll(waitScope) ? void(address->connect().wait(waitScope))
                                                     : void();
                })) {
      return strstr(e->getDescription().cStr(), "restrictPeers") == nullptr;
    }
    return true;
  }
};

TEST_F(Restricted, ToPublicAddressesDoesNotConnectToThisMachine) {
  EXPECT_FALSE(allows({"public"_kj}, nullptr, "127.0.0.1:1"));
  EXPECT_FALSE(allows({"public"_kj}, nullptr, "[::1]:1"));
  EXPECT_FALSE(allows({"public"_kj}, nullptr, "10.0.0.1:1"));
  EXPECT_FALSE(allows({"public"_kj}, nullptr, "unix:/nowhere"));
}

TEST_F(Restricted, ToLocalAddressesConnectsToThisMachine) {
  EXPECT_TRUE(allows({"local"_kj}, nullptr, "127.0.0.1:1"));
  EXPECT_TRUE(allows({"private"_kj}, nullptr, "127.0.0.1:1"));
  EXPECT_FALSE(allows({"network"_kj}, nullptr, "127.0.0.1:1"));
  EXPECT_TRUE(allows({"unix"_kj}, nullptr, "unix:/nowhere"));
  EXPECT_TRUE(allows({"unix-abstract"_kj}, nullptr, "unix-abstract:nowhere"));
  EXPECT_FALSE(allows({"unix"_kj}, nullptr, "unix-abstract:nowhere"));
}

TEST_F(Restricted, DeniesWhatTheMostSpecificRuleDenies) {
  EXPECT_FALSE(allows({"127.0.0.0/8"_kj}, {"127.0.0.1/32"_kj}, "127.0.0.1:1"));
  EXPECT_TRUE(allows({"127.0.0.1/32"_kj}, {"127.0.0.0/8"_kj}, "127.0.0.1:1"));
  EXPECT_FALSE(allows({"127.0.0.0/8"_kj}, {"127.0.0.0/8"_kj}, "127.0.0.1:1"));
}

TEST_F(Restricted, NarrowsANetworkThatIsRestrictedAlready) {
  auto outer = loop.network().restrictPeers({"unix"_kj});
  auto inner = outer->restrictPeers({"local"_kj, "unix"_kj});
  auto failure =
      failureOf(inner->parseAddress("127.0.0.1:1").wait(waitScope)->connect(), waitScope);
  EXPECT_TRUE(mentions(failure, "restrictPeers() forbids"));
}

TEST_F(Restricted, ClosesConnectionsFromPeersThatAreForbidden) {
  auto network = loop.network().restrictPeers({"10.0.0.0/8"_kj});
  auto listener = network->parseAddress("127.0.0.1:0").wait(waitScope)->listen();
  auto accepting = listener->accept();
  auto client = parse("127.0.0.1", listener->getPort())->connect().wait(waitScope);
  EXPECT_EQ("", client->readAllText().wait(waitScope));
  EXPECT_FALSE(accepting.poll(waitScope));
}

}  // namespace
}  // namespace troth

#include <set>

#include "server-thread.h"
#include "testing.h"

namespace troth {
namespace {

// A vat that serves on a port of its own choice, in the same thread as its client.
struct Listening {
  Lab lab;
  Loop loop;
  Vat server{vatOptions(loop)};
  Vat client{vatOptions(loop)};

  Listening() {
    server.serve(kj::heap<NodeServer>(lab));
    server.serve("named", kj::heap<NodeServer>(lab, "named"));
    server.serve("a/b c", kj::heap<NodeServer>(lab, "odd"));
  }

  kj::uint listen(kj::StringPtr address) { return server.listen(address).wait(loop.waitScope()); }

  std::string labelAt(kj::StringPtr address) {
    return client.connect<lab::Node>(address).label().label().wait(loop.waitScope()).cStr();
  }
  std::string failureAt(kj::StringPtr address) {
    std::string reason;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                  client.connect<lab::Node>(address).label().wait(loop.waitScope());
                })) {
      reason = describe(*exception);
    } else {
      ADD_FAILURE() << "connected to " << address.cStr();
    }
    return reason;
  }
};

TEST(Address, PortZeroIsAPortOfTheSystemsChoice) {
  Listening vats;
  auto first = vats.listen("127.0.0.1:0");
  auto second = vats.listen("127.0.0.1:0");
  EXPECT_NE(first, 0u);
  EXPECT_NE(second, 0u);
  EXPECT_NE(first, second);
  EXPECT_EQ(vats.labelAt(kj::str("127.0.0.1:", first)), "root");
  EXPECT_EQ(vats.labelAt(kj::str("127.0.0.1:", second)), "root");
}

TEST(Address, NamesFindObjects) {
  Listening vats;
  auto port = vats.listen("127.0.0.1:0");
  EXPECT_EQ(vats.labelAt(kj::str("127.0.0.1:", port, "/named")), "named");
  EXPECT_EQ(vats.labelAt(kj::str("127.0.0.1:", port, "/a/b c")), "odd");
  EXPECT_EQ(vats.labelAt(kj::str("localhost:", port)), "root");
  EXPECT_EQ(vats.client.getTraffic().roundTrips, 3u);
}

TEST(Address, AnUnknownNameBreaksTheCallWithTheName) {
  Listening vats;
  auto port = vats.listen("127.0.0.1:0");
  EXPECT_MENTIONS(vats.failureAt(kj::str("127.0.0.1:", port, "/nobody")), "nobody");
  EXPECT_MENTIONS(vats.failureAt(kj::str("127.0.0.1:", port, "/nobody")), "no object of that name");
}

TEST(Address, AVatWithoutAMainObjectSaysSo) {
  Lab lab;
  Loop loop;
  Vat server{vatOptions(loop)};
  Vat client{vatOptions(loop)};
  server.serve("only", kj::heap<NodeServer>(lab));
  auto port = server.listen("127.0.0.1:0").wait(loop.waitScope());
  auto label = client.connect<lab::Node>(kj::str("127.0.0.1:", port)).label();
  EXPECT_MENTIONS(describe(failureOf(kj::mv(label), loop.waitScope())), "no main object");
}

TEST(Address, ServingAgainReplacesTheObjectForThoseWhoComeLater) {
  Listening vats;
  auto port = vats.listen("127.0.0.1:0");
  auto address = kj::str("127.0.0.1:", port);
  auto before = vats.client.connect<lab::Node>(address);
  before.label().wait(vats.loop.waitScope());
  vats.server.serve(kj::heap<NodeServer>(vats.lab, "newer"));
  EXPECT_EQ(kj::str(before.label().label().wait(vats.loop.waitScope())), "root");
  EXPECT_EQ(vats.labelAt(address), "newer");
}

TEST(Address, ARefIsServedLikeAnObject) {
  Listening vats;
  Ref<lab::Node> ref = kj::heap<NodeServer>(vats.lab, "by ref");
  vats.server.serve("ref", ref);
  auto port = vats.listen("127.0.0.1:0");
  EXPECT_EQ(vats.labelAt(kj::str("127.0.0.1:", port, "/ref")), "by ref");
}

TEST(Address, UnixSockets) {
  Listening vats;
  auto path = temporaryPath("address");
  EXPECT_EQ(vats.listen(kj::str("unix:", path)), 0u);
  EXPECT_EQ(vats.labelAt(kj::str("unix:", path)), "root");
  auto name = kj::str("unix-abstract:troth-", getpid());
  vats.listen(name);
  EXPECT_EQ(vats.labelAt(name), "root");
}

TEST(Address, AHostWhoseNameStartsLikeASchemeIsAHost) {
  Listening vats;
  auto reason = vats.failureAt("unixhost.invalid:1/named");
  EXPECT_MENTIONS(reason, "unixhost.invalid");
  EXPECT_EQ(reason.find("/named"), std::string::npos) << reason;
}

TEST(Address, MistakesAreNamed) {
  Listening vats;
  EXPECT_MENTIONS(vats.failureAt("localhost:1/"), "ends in a slash");
  EXPECT_MENTIONS(vats.failureAt("localhost"), "localhost");
  EXPECT_MENTIONS(vats.failureAt("localhost:99999"), "99999");
  EXPECT_MENTIONS(vats.failureAt("nowhere.invalid:1"), "nowhere.invalid");
  EXPECT_MENTIONS(vats.failureAt("unix:/no/such/socket"), "/no/such/socket");
  EXPECT_MENTIONS(vats.failureAt("127.0.0.1:1"), "127.0.0.1:1");
  EXPECT_FALSE(vats.failureAt("").empty());
}

TEST(Address, OneThatIsInUseIsRefused) {
  Listening vats;
  auto port = vats.listen("127.0.0.1:0");
  auto address = kj::str("127.0.0.1:", port);
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { vats.listen(address); })) {
    EXPECT_MENTIONS(describe(*exception), "in use");
    EXPECT_MENTIONS(describe(*exception), address.cStr());
  } else {
    ADD_FAILURE() << "two listeners on one port";
  }
  EXPECT_EQ(vats.labelAt(address), "root");
}

TEST(Address, SeveralVatsInSeveralThreadsShareAPort) {
  constexpr int CLIENTS_MAX = 200;
  Lab labs[2];
  ListenOptions shared;
  shared.port = ListenOptions::Port::SHARED;
  kj::uint port = 0;
  auto serve = [&](int i) {
    return kj::heap<ServerThread>([&labs, &port, shared, i](Vat& vat) {
      vat.serve(kj::heap<NodeServer>(labs[i], std::to_string(i)));
      return vat.listen(kj::str("127.0.0.1:", port), shared).wait(vat);
    });
  };
  auto first = serve(0);
  port = first->getPort();
  auto second = serve(1);
  EXPECT_EQ(second->getPort(), port);

  Vat client;
  auto address = client.network().parseAddress(kj::str("127.0.0.1:", port)).wait(client);
  std::set<std::string> seen;
  for (int i = 0; i < CLIENTS_MAX && seen.size() < 2; ++i) {
    auto node = client.connect<lab::Node>(address->connect().wait(client));
    seen.insert(node.label().label().wait(client).cStr());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"0", "1"}));
}

}  // namespace
}  // namespace troth

// Each test has a peer that is a process of its own, made of stock Cap'n Proto alone.

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"
#include "troth-board.h"

namespace troth {
namespace {

// What a script that worked prints, whichever side wrote it.
constexpr const char* EXPECTED =
    "read 1 one of news\n"
    "read 2 two of news\n"
    "history one\n"
    "history two\n"
    "history three\n"
    "posted 3\n";

// The program stock-peer, and what it prints.
class StockPeer {
public:
  explicit StockPeer(std::vector<std::string> arguments) {
    int out[2];
    KJ_SYSCALL(socketpair(AF_UNIX, SOCK_STREAM, 0, out));
    KJ_SYSCALL(pid = fork());
    if (pid == 0) {
      dup2(out[1], STDOUT_FILENO);
      close(out[0]);
      std::vector<char*> argv = {const_cast<char*>(TROTH_STOCK_PEER)};
      for (auto& argument: arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(TROTH_STOCK_PEER, argv.data());
      _exit(127);
    }
    close(out[1]);
    output = kj::AutoCloseFd(out[0]);
  }
  ~StockPeer() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  KJ_DISALLOW_COPY_AND_MOVE(StockPeer);

  // The first line.
  std::string readLine() {
    std::string line;
    char c;
    while (read(output, &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }

  kj::Promise<std::string> readAll(Loop& loop) {
    stream = loop.wrapSocket(kj::mv(output));
    return stream->readAllText().then([](kj::String text) { return std::string(text.cStr()); });
  }

private:
  pid_t pid = 0;
  kj::AutoCloseFd output;
  kj::Own<kj::AsyncIoStream> stream;
};

// Copies bytes between the one connection it accepts and another address, and watches the messages.
class Relay {
public:
  Relay(Loop& loop, kj::StringPtr from, kj::StringPtr to, Observed& observed) {
    auto& waitScope = loop.waitScope();
    target = loop.network().parseAddress(to).wait(waitScope);
    listener = loop.network().parseAddress(from).wait(waitScope)->listen();
    task = run(observed).eagerlyEvaluate([](kj::Exception&& e) {
      if (e.getType() != kj::Exception::Type::DISCONNECTED) ADD_FAILURE() << describe(e);
    });
  }

  kj::uint getPort() { return listener->getPort(); }

private:
  kj::Own<kj::NetworkAddress> target;
  kj::Own<kj::ConnectionReceiver> listener;
  kj::Promise<void> task = nullptr;

  kj::Promise<void> run(Observed& observed) {
    auto client = co_await listener->accept();
    auto connected = co_await target->connect();
    ObservedStream server(kj::mv(connected), observed);
    auto up = client->pumpTo(server).then([&](uint64_t) { server.shutdownWrite(); });
    auto down = server.pumpTo(*client).then([&](uint64_t) { client->shutdownWrite(); });
    co_await up;
    co_await down;
  }
};

class ReaderServer final: public Server<board::Reader> {
public:
  explicit ReaderServer(std::string& output): output(output) {}

  kj::Promise<void> read(Read call) override {
    auto line = "read " + std::to_string(call.number()) + " " + call.text().cStr();
    auto name = co_await call.from().name().name();
    output += line + " of " + name.cStr() + "\n";
  }

private:
  std::string& output;
};

// The script of stock-peer, in Troth.
std::string runScript(Ref<board::Board> board, kj::WaitScope& waitScope) {
  std::string output;
  auto topic = board.topic("news").topic();
  auto subscription = topic.subscribe(kj::heap<ReaderServer>(output)).subscription();
  auto one = topic.post("one");
  auto two = topic.post("two");
  one.wait(waitScope);
  two.wait(waitScope);

  auto canceled = subscription.cancel();
  auto posted = topic.post("three").number();
  for (auto text: topic.history().texts().wait(waitScope)) {
    output += std::string("history ") + text.cStr() + "\n";
  }
  canceled.wait(waitScope);
  output += "posted " + std::to_string(posted.wait(waitScope)) + "\n";
  return output;
}

enum class Transport { TCP, UNIX };

class Interop: public testing::TestWithParam<Transport> {
protected:
  // An address to listen on, and the one to connect to once `port` is known.
  std::string listenAddress(const char* name) const {
    if (GetParam() == Transport::TCP) return "127.0.0.1:0";
    return kj::str("unix:", temporaryPath(name), "-", id).cStr();
  }
  std::string connectAddress(const char* name, const std::string& port) const {
    return GetParam() == Transport::TCP ? "127.0.0.1:" + port : listenAddress(name);
  }

  void TearDown() override { unlink(listenAddress("stock").c_str() + strlen("unix:")); }

private:
  // A stock server leaves its socket's file behind, so no two tests share one.
  static inline int lastId = 0;
  int id = ++lastId;
};

TEST_P(Interop, AStockClientCallsAServerOfTroths) {
  Vat vat;
  vat.serve(kj::heap<BoardServer>());
  auto port = vat.listen(listenAddress("board").c_str()).wait(vat);
  Observed observed;
  auto board = connectAddress("board", std::to_string(port));
  Relay relay(vat.loop(), listenAddress("relay").c_str(), board.c_str(), observed);
  StockPeer peer({"call", connectAddress("relay", std::to_string(relay.getPort()))});
  EXPECT_EQ(peer.readAll(vat.loop()).wait(vat), EXPECTED);
  // Two flights of its own, and one for each callback that asks for a name.
  EXPECT_LE(observed.roundTrips, 4);
  EXPECT_GE(observed.roundTrips, 2);
}

TEST_P(Interop, AClientOfTrothsCallsAStockServer) {
  StockPeer peer({"serve", listenAddress("stock")});
  auto address = connectAddress("stock", peer.readLine());
  Vat vat;
  EXPECT_EQ(runScript(vat.connect<board::Board>(address.c_str()), vat), EXPECTED);
  EXPECT_LE(vat.getTraffic().roundTrips, 4u);
}

TEST_P(Interop, AChainOfDependentCallsOnAStockServerIsOneRoundTrip) {
  StockPeer peer({"serve", listenAddress("stock")});
  auto address = connectAddress("stock", peer.readLine());
  Vat vat;
  auto topic = vat.connect<board::Board>(address.c_str()).topic("chain").topic();
  auto first = topic.post("first");
  auto history = topic.history().texts();
  auto name = topic.name().name();
  EXPECT_EQ(history.wait(vat).size(), 1u);
  EXPECT_EQ(kj::str(name.wait(vat)), "chain");
  EXPECT_EQ(vat.getTraffic().roundTrips, 1u);
}

TEST_P(Interop, ADurableCallOnAStockServerIsRefusedAndNotMade) {
  StockPeer peer({"serve", listenAddress("stock")});
  auto address = connectAddress("stock", peer.readLine());
  Vat vat;
  auto topic = vat.connect<board::Board>(address.c_str()).topic("news").topic();
  // At first it is not known what the server is.
  for (auto id: {"first", "second"}) {
    auto refusal = failureOf(topic.post("text").durable(id), vat);
    EXPECT_EQ(refusal.getType(), kj::Exception::Type::FAILED);
    EXPECT_MENTIONS(describe(refusal),
        "a durable call was made on an object whose vat records no calls, because it is not a "
        "Troth server");
  }
  EXPECT_EQ(topic.history().texts().wait(vat).size(), 0u);
}

TEST_P(Interop, AChainOfAStockClientsOnAServerOfTrothsIsOneRoundTrip) {
  Vat vat;
  vat.serve(kj::heap<BoardServer>());
  auto port = vat.listen(listenAddress("board").c_str()).wait(vat);
  Observed observed;
  auto board = connectAddress("board", std::to_string(port));
  Relay relay(vat.loop(), listenAddress("relay").c_str(), board.c_str(), observed);
  StockPeer peer({"chain", connectAddress("relay", std::to_string(relay.getPort()))});
  EXPECT_EQ(peer.readAll(vat.loop()).wait(vat), "1 in chain, now 1\n");
  EXPECT_EQ(observed.roundTrips, 1);
}

TEST_P(Interop, AStockClientImportsANamedObject) {
  Vat vat;
  vat.serve("board", kj::heap<BoardServer>());
  auto port = vat.listen(listenAddress("board").c_str()).wait(vat);
  StockPeer peer({"import", connectAddress("board", std::to_string(port)), "board"});
  EXPECT_EQ(peer.readAll(vat.loop()).wait(vat), EXPECTED);
}

TEST_P(Interop, AStockServerThatIsKilledBreaksItsCalls) {
  Vat vat;
  auto peer = kj::heap<StockPeer>(std::vector<std::string>{"serve", listenAddress("stock")});
  auto address = connectAddress("stock", peer->readLine());
  auto topic = vat.connect<board::Board>(address.c_str()).topic("x").topic();
  topic.post("y").wait(vat);
  peer = nullptr;
  EXPECT_EQ(failureOf(topic.post("z"), vat).getType(), kj::Exception::Type::DISCONNECTED);
}

INSTANTIATE_TEST_SUITE_P(Over, Interop, testing::Values(Transport::TCP, Transport::UNIX),
    [](auto& info) { return info.param == Transport::TCP ? "Tcp" : "Unix"; });

TEST(InteropNames, AClientOfTrothsFindsWhatAStockServerExports) {
  StockPeer peer({"export", "127.0.0.1:0", "board"});
  auto address = "127.0.0.1:" + peer.readLine();
  Vat vat;
  auto board = vat.connect<board::Board>((address + "/board").c_str());
  EXPECT_EQ(runScript(board, vat), EXPECTED);
  auto unknown = vat.connect<board::Board>((address + "/nobody").c_str());
  EXPECT_MENTIONS(describe(failureOf(unknown.topic("x"), vat)), "while calling Board.topic");
}

TEST(InteropNames, AStockPeersUnknownErrorsKeepTheirWords) {
  StockPeer peer({"serve", "127.0.0.1:0"});
  Vat vat;
  auto board = vat.connect<lab::Node>(("127.0.0.1:" + peer.readLine()).c_str());
  auto failure = failureOf(board.echo(1), vat);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::UNIMPLEMENTED);
}

}  // namespace
}  // namespace troth

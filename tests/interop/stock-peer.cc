// The other side of the tests: a program of stock Cap'n Proto's, on KJ's own event loop, that has
// nothing of Troth's.
//
//     stock-peer serve ADDRESS           TwoPartyServer; prints its port
//     stock-peer export ADDRESS NAME     EzRpcServer, with the board under NAME; prints its port
//     stock-peer call ADDRESS            TwoPartyClient: runs the script and prints what it saw
//     stock-peer chain ADDRESS           TwoPartyClient: four calls, each on what another gives
//     stock-peer import ADDRESS NAME     EzRpcClient: the script with the object called NAME

#include <capnp/ez-rpc.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/debug.h>
#include <stdio.h>
#include <unistd.h>

#include "stock-board.h"

// Named objects are deprecated and used all the same.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

namespace stock {
namespace {

class ReaderServer final: public board::Reader::Server {
public:
  kj::Promise<void> read(ReadContext context) override {
    auto params = context.getParams();
    auto line = kj::str("read ", params.getNumber(), " ", params.getText());
    return params.getFrom().nameRequest().send().then([line = kj::mv(line)](auto&& response) {
      printf("%s of %s\n", line.cStr(), response.getName().cStr());
    });
  }
};

// Two flights of calls: the second begins when the first is answered.
void runScript(board::Board::Client board, kj::WaitScope& waitScope) {
  auto topicRequest = board.topicRequest();
  topicRequest.setName("news");
  auto topic = topicRequest.send().getTopic();
  auto subscribeRequest = topic.subscribeRequest();
  subscribeRequest.setReader(kj::heap<ReaderServer>());
  auto subscription = subscribeRequest.send().getSubscription();
  kj::Vector<kj::Promise<void>> posts;
  for (auto text: {"one", "two"}) {
    auto request = topic.postRequest();
    request.setText(text);
    posts.add(request.send().ignoreResult());
  }
  kj::joinPromises(posts.releaseAsArray()).wait(waitScope);

  auto canceled = subscription.cancelRequest().send();
  auto postRequest = topic.postRequest();
  postRequest.setText("three");
  auto posted = postRequest.send();
  auto history = topic.historyRequest().send().wait(waitScope);
  for (auto text: history.getTexts()) printf("history %s\n", text.cStr());
  canceled.wait(waitScope);
  printf("posted %u\n", posted.wait(waitScope).getNumber());
}

// One flight of calls.
void runChain(board::Board::Client board, kj::WaitScope& waitScope) {
  auto topicRequest = board.topicRequest();
  topicRequest.setName("chain");
  auto topic = topicRequest.send().getTopic();
  auto postRequest = topic.postRequest();
  postRequest.setText("text");
  auto posted = postRequest.send();
  auto name = topic.nameRequest().send();
  auto history = topic.historyRequest().send();
  printf("%u in %s, now %u\n", posted.wait(waitScope).getNumber(),
      name.wait(waitScope).getName().cStr(), history.wait(waitScope).getTexts().size());
}

void say(kj::uint port) {
  printf("%u\n", port);
  fflush(stdout);
}

void serve(kj::StringPtr address) {
  auto io = kj::setupAsyncIo();
  auto listener = io.provider->getNetwork().parseAddress(address).wait(io.waitScope)->listen();
  say(listener->getPort());
  capnp::TwoPartyServer server(kj::heap<BoardServer>());
  server.listen(*listener).wait(io.waitScope);
}

void exportNamed(kj::StringPtr address, kj::StringPtr name) {
  capnp::EzRpcServer server(address);
  server.exportCap(name, board::Board::Client(kj::heap<BoardServer>()));
  say(server.getPort().wait(server.getWaitScope()));
  kj::NEVER_DONE.wait(server.getWaitScope());
}

void call(kj::StringPtr address, void (*run)(board::Board::Client, kj::WaitScope&)) {
  auto io = kj::setupAsyncIo();
  auto stream = io.provider->getNetwork()
                    .parseAddress(address)
                    .wait(io.waitScope)
                    ->connect()
                    .wait(io.waitScope);
  capnp::TwoPartyClient client(*stream);
  run(client.bootstrap().castAs<board::Board>(), io.waitScope);
}

void importNamed(kj::StringPtr address, kj::StringPtr name) {
  capnp::EzRpcClient client(address);
  runScript(client.importCap<board::Board>(name), client.getWaitScope());
}

}  // namespace
}  // namespace stock

int main(int argc, char** argv) {
  KJ_REQUIRE(argc >= 3, "usage: stock-peer serve|export|call|chain|import ADDRESS [NAME]");
  kj::StringPtr verb = argv[1];
  // A peer whose test has ended must not stay behind.
  alarm(60);
  if (verb == "serve") stock::serve(argv[2]);
  if (verb == "export") stock::exportNamed(argv[2], argv[3]);
  if (verb == "call") stock::call(argv[2], &stock::runScript);
  if (verb == "chain") stock::call(argv[2], &stock::runChain);
  if (verb == "import") stock::importNamed(argv[2], argv[3]);
  return 0;
}

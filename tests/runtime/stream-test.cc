#include <gtest/gtest.h>
#include <troth/loop.h>

namespace {

TEST(Stream, ReadsWhatWasWrittenBeforeTheOtherEndClosed) {
  troth::Loop loop;
  auto address = loop.network().parseAddress("127.0.0.1:0").wait(loop.waitScope());
  auto listener = address->listen();
  auto peer = loop.network().parseAddress("127.0.0.1", listener->getPort()).wait(loop.waitScope());
  auto connecting = peer->connect();
  auto server = listener->accept().wait(loop.waitScope());
  auto client = connecting.wait(loop.waitScope());
  client->write("hello", 5).wait(loop.waitScope());
  client = nullptr;
  EXPECT_EQ("hello", server->readAllText().wait(loop.waitScope()));
}

}  // namespace

#include "loop-testing.h"

#include <kj/compat/http.h>

namespace troth {
namespace {

// Answers each request with its own body.
class EchoService final: public kj::HttpService {
public:
  explicit EchoService(const kj::HttpHeaderTable& table): table(table) {}

  kj::Promise<void> request(kj::HttpMethod, kj::StringPtr, const kj::HttpHeaders&,
      kj::AsyncInputStream& body, Response& response) override {
    return body.readAllBytes().then([this, &response](kj::Array<kj::byte> bytes) {
      auto stream = response.send(200, "OK", kj::HttpHeaders(table), bytes.size());
      auto promise = stream->write(bytes.begin(), bytes.size());
      return promise.attach(kj::mv(stream), kj::mv(bytes));
    });
  }

private:
  const kj::HttpHeaderTable& table;
};

TEST(Http, RunsUnchangedOnALoop) {
  Loop loop;
  auto& waitScope = loop.waitScope();
  kj::HttpHeaderTable::Builder builder;
  auto table = builder.build();
  EchoService service(*table);
  kj::HttpServer server(loop.timer(), *table, service);
  auto listener = loop.network().parseAddress("127.0.0.1:0").wait(waitScope)->listen();
  auto serving = server.listenHttp(*listener).eagerlyEvaluate(nullptr);

  auto client = kj::newHttpClient(loop.timer(), *table, loop.network(), nullptr);
  auto url = kj::str("http://127.0.0.1:", listener->getPort(), "/echo");
  auto body = kj::str(kj::repeat('x', 1 << 20));
  for (int i = 0; i < 3; ++i) {
    auto request = client->request(kj::HttpMethod::POST, url, kj::HttpHeaders(*table), body.size());
    auto writing = request.body->write(body.begin(), body.size())
                       .then([&]() { request.body = nullptr; })
                       .eagerlyEvaluate(nullptr);
    auto response = request.response.wait(waitScope);
    EXPECT_EQ(200u, response.statusCode);
    EXPECT_EQ(body, response.body->readAllText().wait(waitScope));
    writing.wait(waitScope);
  }
  server.drain().wait(waitScope);
}

}  // namespace
}  // namespace troth

// A greeter and its caller in one process: asks the greeting, not yet there, for its text, and
// keeps that as a promise.
#include <troth/store.h>
#include <troth/stored-message.h>
#include <troth/vat.h>

#include <iostream>

#include "greeter.troth.h"

class Hello final: public troth::Server<Phrase> {
public:
  explicit Hello(kj::StringPtr name): text(kj::str("Hello, ", name)) {}

  kj::Promise<void> read(Read call) override { return call.fulfill(text); }

private:
  kj::String text;
};

class Polite final: public troth::Server<Greeter> {
public:
  kj::Promise<void> greet(Greet call) override {
    return call.fulfill(kj::heap<Hello>(call.name()));
  }
};

int main() {
  troth::Vat vat;
  vat.serve(kj::heap<Polite>());
  auto port = vat.listen("127.0.0.1:0").wait(vat);

  auto greeter = vat.connect<Greeter>(kj::str("127.0.0.1:", port));
  auto text = greeter.greet("Troth").phrase().read().text().wait(vat);

  auto store = troth::openStore("memory:");
  store->create({.id = kj::str("greeting")}).wait(vat);
  troth::StoredMessageBuilder message;
  message.content().setAs<capnp::Text>(text);
  store->settle({.id = kj::str("greeting"), .value = message.finish()}).wait(vat);
  auto record = store->whenSettled("greeting").wait(vat);
  auto kept = kj::str(troth::StoredMessage(record.value).content().getAs<capnp::Text>());

  std::cout << kept.cStr() << std::endl;
  return kept == "Hello, Troth" ? 0 : 1;
}

// A greeter and its caller in one process: asks the greeting, not yet there, for its text.
#include "greeter.capnp.h"

#include <kj/async.h>

#include <iostream>

class Hello final: public Phrase::Server {
public:
  explicit Hello(kj::StringPtr name): words(kj::str("Hello, ", name)) {}

  kj::Promise<void> text(TextContext context) override {
    context.initResults().setText(words);
    return kj::READY_NOW;
  }

private:
  kj::String words;
};

class Polite final: public Greeter::Server {
public:
  kj::Promise<void> greet(GreetContext context) override {
    context.initResults().setPhrase(kj::heap<Hello>(context.getParams().getName()));
    return kj::READY_NOW;
  }
};

int main() {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);

  Greeter::Client greeter = kj::heap<Polite>();
  auto request = greeter.greetRequest();
  request.setName("Troth");
  auto reply = request.send().getPhrase().textRequest().send().wait(scope);

  std::cout << reply.getText().cStr() << std::endl;
  return reply.getText() == "Hello, Troth" ? 0 : 1;
}

#pragma once
// The servers that the runtime's tests talk to, and what a test sees of them.

#include <troth/vat.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "lab.troth.h"

namespace troth {

// What the servers of one test do and have done.
struct Lab {
  // Servers that live now.
  int alive = 0;

  // Calls of hold() and holdCancelable(): begun, answered, and gone in either way.
  int holdsStarted = 0;
  int holdsAnswered = 0;
  int holdsEnded = 0;

  // Every number noted in any node, in the order of arrival.
  std::vector<int> notes;

  // Calls of push() whose server still works, and the most there ever were.
  int pushesOpen = 0;
  int pushesOpenMax = 0;

  // Lets everything that waits, and all that comes later, go on.
  void open() {
    opened = true;
    for (auto& gate: gates) gate->fulfill();
    gates.clear();
  }

  // Lets those go on that wait now.
  void openOnce() {
    for (auto& gate: gates) gate->fulfill();
    gates.clear();
  }

  kj::Promise<void> wait() {
    if (opened) return kj::READY_NOW;
    auto gate = kj::newPromiseAndFulfiller<void>();
    gates.push_back(kj::mv(gate.fulfiller));
    return kj::mv(gate.promise);
  }

private:
  bool opened = false;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> gates;
};

class NodeServer: public virtual Server<lab::Node> {
public:
  explicit NodeServer(Lab& lab, std::string name = "root"): lab(lab), name(std::move(name)) {
    ++lab.alive;
  }
  ~NodeServer() noexcept(false) { --lab.alive; }

  kj::Promise<void> make(Make call) override {
    return call.fulfill(kj::heap<NodeServer>(lab, call.label().cStr()));
  }
  kj::Promise<void> label(Label call) override { return call.fulfill(name); }
  kj::Promise<void> note(Note call) override {
    numbers.push_back(call.number());
    lab.notes.push_back(call.number());
    return call.fulfill(numbers.size());
  }
  kj::Promise<void> notes(Notes call) override { return call.fulfill(numbers); }
  kj::Promise<void> echo(Echo call) override { return call.fulfill(call.value()); }
  kj::Promise<void> nest(Nest call) override {
    return call.fulfill([this](lab::Outer::Builder outer) {
      outer.setTitle("outer");
      outer.initInner().setNumber(7);
      outer.getInner().setNode(newNode("nested"));
    });
  }
  kj::Promise<void> same(Same call) override { return call.fulfill(call.node()); }
  kj::Promise<void> join(Join call) override {
    auto left = call.left().label();
    auto right = call.right().label();
    auto leftText = co_await left.label();
    auto rightText = co_await right.label();
    call.fulfill(kj::heap<NodeServer>(lab, std::string(leftText.cStr()) + rightText.cStr()));
  }
  kj::Promise<void> gather(Gather call) override {
    std::vector<std::string> labels;
    for (auto node: call.nodes()) {
      labels.push_back((co_await Ref<lab::Node>(node).label().label()).cStr());
    }
    call.fulfill(labels);
  }
  kj::Promise<void> hold(Hold call) override {
    ++lab.holdsStarted;
    KJ_DEFER(++lab.holdsEnded);
    co_await lab.wait();
    ++lab.holdsAnswered;
    call.fulfill(42, kj::heap<NodeServer>(lab, "held"));
  }
  kj::Promise<void> holdCancelable(HoldCancelable call) override {
    ++lab.holdsStarted;
    KJ_DEFER(++lab.holdsEnded);
    co_await lab.wait();
    ++lab.holdsAnswered;
    call.fulfill(42, kj::heap<NodeServer>(lab, "held"));
  }
  kj::Promise<void> fail(Fail call) override {
    auto type = static_cast<kj::Exception::Type>(call.type());
    auto exception = kj::Exception(type, __FILE__, __LINE__, kj::str(call.reason()));
    switch (call.how()) {
      case lab::Failure::SYNCHRONOUSLY: kj::throwFatalException(kj::mv(exception));
      case lab::Failure::IN_COROUTINE: return failInCoroutine(kj::mv(exception));
      case lab::Failure::IN_CONTINUATION:
        return kj::evalLater([exception = kj::mv(exception)]() mutable {
          kj::throwFatalException(kj::mv(exception));
        });
      case lab::Failure::AS_STANDARD_EXCEPTION: return throwStandardException(call.reason().cStr());
    }
    KJ_UNREACHABLE;
  }
  kj::Promise<void> choose(Choose call) override {
    return call.fulfill([this, &call](lab::Choice::Builder choice) {
      switch (call.which()) {
        case lab::Choice::TEXT: choice.setText("chosen"); break;
        case lab::Choice::NODE: choice.setNode(newNode("chosen")); break;
        default: choice.setNumber(7);
      }
    });
  }
  kj::Promise<void> tell(Tell call) override {
    auto node = call.node();
    auto noted = node.note(call.number());
    auto text = co_await node.label().label();
    co_await noted;
    call.fulfill(text);
  }
  kj::Promise<void> forward(Forward call) override {
    lab::Node::Client node = call.node();
    auto request = node.lengthRequest();
    return call.context().tailCall(kj::mv(request));
  }
  kj::Promise<void> blob(Blob call) override {
    auto bytes = kj::heapArray<kj::byte>(call.size());
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = i & 0xff;
    return call.fulfill(bytes);
  }
  kj::Promise<void> absorb(Absorb call) override { return call.fulfill(call.data().size()); }
  kj::Promise<void> push(Push call) override {
    lab.pushesOpenMax = std::max(lab.pushesOpenMax, ++lab.pushesOpen);
    auto number = call.number();
    co_await lab.wait();
    --lab.pushesOpen;
    numbers.push_back(number);
  }
  kj::Promise<void> self(Self call) override { return call.fulfill(thisCap().castAs<lab::Node>()); }
  kj::Promise<void> keep(Keep call) override {
    kept = nullptr;
    if (call.params().hasNode()) kept = call.node();
    return kj::READY_NOW;
  }
  kj::Promise<void> sample(Sample call) override { return call.fulfill(call.sample()); }
  kj::Promise<void> any(Any call) override {
    call.results().getValue().set(call.params().getValue());
    return kj::READY_NOW;
  }
  kj::Promise<void> lists(Lists call) override {
    int64_t sum = 0;
    for (auto number: call.numbers()) sum += number;
    for (auto text: call.texts()) sum += text.size();
    for (auto inner: call.inners()) sum += inner.getNumber();
    for (auto shade: call.shades()) sum += static_cast<int>(shade);
    for (auto row: call.matrix()) {
      for (auto cell: row) sum += cell;
    }
    for (auto data: call.blobs()) sum += data.size();
    return call.fulfill(sum);
  }
  kj::Promise<void> texts(Texts call) override { return call.fulfill(call.text(), call.data()); }
  kj::Promise<void> fields(Fields call) override;
  kj::Promise<void> later(Later call) override {
    co_await lab.wait();
    call.fulfill(kj::heap<NodeServer>(lab, "later"));
  }
  kj::Promise<void> length(Length call) override {
    call.results().setValue(name.size());
    return kj::READY_NOW;
  }
  kj::Promise<void> throughCallback(ThroughCallback call) override {
    call.fulfill(co_await call.node().echo(call.value()).value() + 1);
  }

protected:
  Lab& lab;

private:
  std::string name;
  std::vector<int32_t> numbers;
  kj::Maybe<Ref<lab::Node>> kept;

  lab::Node::Client newNode(const char* label) {
    return Ref<lab::Node>(kj::heap<NodeServer>(lab, label));
  }

  static kj::Promise<void> failInCoroutine(kj::Exception exception) {
    co_await kj::Promise<void>(kj::READY_NOW);
    kj::throwFatalException(kj::mv(exception));
  }
  static kj::Promise<void> throwStandardException(std::string reason) {
    co_await kj::Promise<void>(kj::READY_NOW);
    throw std::runtime_error(reason);
  }
};

inline kj::Promise<void> NodeServer::fields(Fields call) {
  auto sample = call.results();
  sample.setNumber(-5);
  sample.setShade(lab::Shade::DARK);
  sample.setText("text");
  sample.setData(kj::StringPtr("data").asBytes());
  sample.setNumbers({1, 2, 3});
  sample.setTexts({"one", "two"});
  sample.initInners(2)[1].setNumber(11);
  sample.initInner().setNumber(12);
  sample.getInner().setNode(newNode("field"));
  sample.setFlag(true);
  sample.setReal(0.5);
  return kj::READY_NOW;
}

class SpecialServer final: public NodeServer, public Server<lab::Special> {
public:
  explicit SpecialServer(Lab& lab): NodeServer(lab, "special") {}

  kj::Promise<void> special(Special call) override { return call.fulfill(99); }
};

}  // namespace troth

// Makes calls through stubs of ours or through stock Cap'n Proto code, so that the instructions of
// both can be counted. Usage: instructions CONNECTION CODE CASE CALLS; see instructions.sh.
//
// Client and server share one thread and one stream, so the count has both sides of every call.

#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>
#include <troth/vat.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "counter.troth.h"

namespace bench {
namespace {

constexpr uint IN_FLIGHT = 256;
constexpr uint CHAIN = 16;
constexpr auto TEXT = "The quick brown fox jumps over the lazy dog"_kj;

// Stock code as people write it: each message begins with a zeroed segment of 8 KiB.
struct NoHints {
  static kj::Maybe<capnp::MessageSize> of(uint64_t, uint) { return nullptr; }
};

// Stock code that says how large each message will be.
struct SizeHints {
  static kj::Maybe<capnp::MessageSize> of(uint64_t words, uint caps) {
    return capnp::MessageSize{words, caps};
  }
};

// ---- Servers: the same object twice ----

template <typename Hints>
class StockCounter final: public Counter::Server {
public:
  kj::Promise<void> add(AddContext call) override {
    total += call.getParams().getAmount();
    call.getResults(Hints::of(2, 0)).setTotal(total);
    return kj::READY_NOW;
  }
  kj::Promise<void> echo(EchoContext call) override {
    call.getResults(Hints::of(8, 0)).setText(call.getParams().getText());
    return kj::READY_NOW;
  }
  kj::Promise<void> next(NextContext call) override {
    call.getResults(Hints::of(2, 1)).setCounter(kj::heap<StockCounter>());
    return kj::READY_NOW;
  }

private:
  int64_t total = 0;
};

class TrothCounter final: public troth::Server<Counter> {
public:
  kj::Promise<void> add(Add call) override {
    total += call.amount();
    return call.fulfill(total);
  }
  kj::Promise<void> echo(Echo call) override { return call.fulfill(call.text()); }
  kj::Promise<void> next(Next call) override { return call.fulfill(kj::heap<TrothCounter>()); }

private:
  int64_t total = 0;
};

// ---- Clients: the same calls twice ----

template <typename Hints>
struct StockCode {
  using Object = Counter::Client;
  using Served = StockCounter<Hints>;

  static void add(Object& counter, kj::WaitScope& scope) {
    auto request = counter.addRequest(Hints::of(2, 0));
    request.setAmount(1);
    KJ_ASSERT(request.send().wait(scope).getTotal() > 0);
  }
  static void echo(Object& counter, kj::WaitScope& scope) {
    auto request = counter.echoRequest(Hints::of(8, 0));
    request.setText(TEXT);
    KJ_ASSERT(request.send().wait(scope).getText() == TEXT);
  }
  static void next(Object& counter, kj::WaitScope& scope) {
    auto object = counter.nextRequest(Hints::of(1, 0)).send().wait(scope).getCounter();
  }
  static void flight(Object& counter, kj::WaitScope& scope) {
    kj::Vector<kj::Promise<int64_t>> totals(IN_FLIGHT);
    for (uint i = 0; i < IN_FLIGHT; ++i) {
      auto request = counter.addRequest(Hints::of(2, 0));
      request.setAmount(1);
      totals.add(request.send().then([](auto&& results) { return results.getTotal(); }));
    }
    for (auto& total: totals) KJ_ASSERT(total.wait(scope) > 0);
  }
  static void chain(Object& counter, kj::WaitScope& scope) {
    Object at = counter;
    for (uint i = 1; i < CHAIN; ++i) at = at.nextRequest(Hints::of(1, 0)).send().getCounter();
    add(at, scope);
  }
};

struct TrothCode {
  using Object = troth::Ref<Counter>;
  using Served = TrothCounter;

  static void add(Object& counter, kj::WaitScope& scope) {
    KJ_ASSERT(counter.add(1).wait(scope).getTotal() > 0);
  }
  static void echo(Object& counter, kj::WaitScope& scope) {
    KJ_ASSERT(counter.echo(TEXT).wait(scope).getText() == TEXT);
  }
  static void next(Object& counter, kj::WaitScope& scope) {
    auto object = counter.next().wait(scope).getCounter();
  }
  static void flight(Object& counter, kj::WaitScope& scope) {
    kj::Vector<kj::Promise<int64_t>> totals(IN_FLIGHT);
    for (uint i = 0; i < IN_FLIGHT; ++i) totals.add(counter.add(1).total());
    for (auto& total: totals) KJ_ASSERT(total.wait(scope) > 0);
  }
  static void chain(Object& counter, kj::WaitScope& scope) {
    Object at = counter;
    for (uint i = 1; i < CHAIN; ++i) at = at.next().counter();
    add(at, scope);
  }
};

// Makes at least `calls` calls; what is left over of a batch is made too.
template <typename Code>
void run(typename Code::Object counter, std::string_view name, uint calls, kj::WaitScope& scope) {
  auto repeat = [&](uint callsAtOnce, auto&& func) {
    for (uint made = 0; made < calls; made += callsAtOnce) func(counter, scope);
  };
  if (name == "plain") return repeat(1, Code::add);
  if (name == "text") return repeat(1, Code::echo);
  if (name == "object") return repeat(1, Code::next);
  if (name == "flight") return repeat(IN_FLIGHT, Code::flight);
  if (name == "chain") return repeat(CHAIN, Code::chain);
  KJ_FAIL_REQUIRE("no such case; there are: plain, text, object, flight, chain");
}

// ---- Connections ----

// Cap'n Proto's own, without limits, on Troth's loop.
template <typename Code>
void runOnStock(std::string_view name, uint calls) {
  troth::Loop loop;
  auto pipe = loop.newTwoWayPipe();
  capnp::TwoPartyServer server(capnp::Capability::Client(kj::heap<typename Code::Served>()));
  server.accept(kj::mv(pipe.ends[0]));
  capnp::TwoPartyClient client(*pipe.ends[1]);
  run<Code>(client.bootstrap().castAs<Counter>(), name, calls, loop.waitScope());
}

// A vat's, with its limits and counts.
template <typename Code>
void runOnVat(std::string_view name, uint calls) {
  troth::Vat vat;
  auto pipe = vat.loop().newTwoWayPipe();
  vat.serve(kj::heap<typename Code::Served>());
  vat.accept(kj::mv(pipe.ends[0]));
  run<Code>(vat.connect<Counter>(kj::mv(pipe.ends[1])), name, calls, vat);
}

}  // namespace
}  // namespace bench

int main(int argc, char* argv[]) {
  KJ_REQUIRE(argc == 5, "usage: instructions stock|vat stock|hints|troth CASE CALLS");
  auto run = [&](auto code) {
    using Code = decltype(code);
    auto calls = std::strtoul(argv[4], nullptr, 10);
    auto onVat = std::string_view(argv[1]) == "vat";
    onVat ? bench::runOnVat<Code>(argv[3], calls) : bench::runOnStock<Code>(argv[3], calls);
  };
  std::string_view code = argv[2];
  if (code == "troth") {
    run(bench::TrothCode());
  } else if (code == "hints") {
    run(bench::StockCode<bench::SizeHints>());
  } else {
    run(bench::StockCode<bench::NoHints>());
  }
}

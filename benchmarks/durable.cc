// Durable calls per second, and how fast they are taken up again after a crash.
//
//   durable-load serve STORE SOCKET
//       serves the sums until it is killed; with TROTH_BENCH_STUCK set, no step ever ends, and with
//       TROTH_BENCH_SLEEPY, its loop does not poll before it sleeps
//   durable-load load SOCKET CALLERS STEPS SECONDS
//       closed loops of callers, for so long after a second that is not counted
//   durable-load start SOCKET CALLS
//       makes so many calls of one step, and ends when all of them have begun
//   durable-load recover STORE SOCKET CALLS
//       serves the sums on a store with so many pending calls, until all have settled
//
// `load` and `recover` print one line of JSON, like benchmarks/peers.

#include <kj/debug.h>
#include <kj/main.h>
#include <stdlib.h>
#include <troth/store.h>
#include <troth/vat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>
#include <vector>

#include "durable.troth.h"

namespace troth {
namespace {

using bench::Sums;
using Clock = std::chrono::steady_clock;

constexpr auto WARM_UP = std::chrono::seconds(1);

// A little more than what a commit takes.
constexpr auto BUSY_POLL = 1 * kj::MILLISECONDS;

// How long to wait between two looks at how far others are.
constexpr auto LOOK_EVERY = 20 * kj::MILLISECONDS;

double secondsBetween(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// =======================================================================================
// The server

class SumsServer final: public Server<Sums> {
public:
  explicit SumsServer(Store& store): store(store), stuck(getenv("TROTH_BENCH_STUCK") != nullptr) {}

  kj::Promise<void> ofSteps(OfSteps call) override {
    ++started;
    int64_t sum = 0;
    for (uint32_t i = 0; i < call.steps(); ++i) {
      sum += co_await call.step("addOne", [this, i]() { return addOne(i); });
    }
    call.fulfill(sum);
  }

  kj::Promise<void> counts(Counts call) override {
    auto traffic = store.getTraffic();
    return call.fulfill(started, traffic.transactions, traffic.statements);
  }

private:
  Store& store;
  bool stuck;
  uint64_t started = 0;

  kj::Promise<int64_t> addOne(int64_t index) {
    if (stuck) return kj::NEVER_DONE;
    return index + 1;
  }
};

// A vat that serves sums. Its loop is there before its store.
class SumsVat {
public:
  SumsVat(kj::StringPtr location, kj::StringPtr socket) {
    if (getenv("TROTH_BENCH_SLEEPY") == nullptr) loop.setBusyPoll(BUSY_POLL);
    auto own = openStore(location);
    store = own.get();
    VatOptions options;
    options.loop = loop;
    options.publicAddress = kj::str("unix:", socket).cStr();
    options.store = kj::mv(own);
    vat.emplace(kj::mv(options));
    vat->serve(kj::heap<SumsServer>(*store));
  }

  Vat& get() { return *vat; }
  Store& getStore() { return *store; }

private:
  Loop loop;
  Store* store;
  std::optional<Vat> vat;
};

// =======================================================================================
// Callers

class Load {
public:
  Load(Ref<Sums> sums, uint32_t steps, double seconds)
      : sums(kj::mv(sums)),
        steps(steps),
        begin(Clock::now() + WARM_UP),
        end(begin +
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
        prefix(kj::str(kj::hex(std::random_device()()))) {}

  kj::Promise<void> caller() {
    for (auto start = Clock::now(); start < end;) {
      auto id = kj::str("bench-", prefix, "-", ++calls);
      auto sum = co_await sums.ofSteps(steps).durable(id).sum();
      KJ_REQUIRE(sum == int64_t(steps) * (steps + 1) / 2, "a call returned another sum", sum);
      auto now = Clock::now();
      if (now >= begin && now < end) micros.push_back(secondsBetween(start, now) * 1e6);
      start = now;
    }
  }

  // Calls that were made, counted or not.
  uint64_t getCalls() const { return calls; }

  // The calls that have ended within the time.
  std::vector<double> takeMicros() {
    std::sort(micros.begin(), micros.end());
    return kj::mv(micros);
  }

private:
  Ref<Sums> sums;
  uint32_t steps;
  Clock::time_point begin, end;
  kj::String prefix;
  uint64_t calls = 0;
  std::vector<double> micros;
};

double percentile(const std::vector<double>& sorted, size_t percent) {
  if (sorted.empty()) return 0;
  return sorted[(sorted.size() * percent + 99) / 100 - 1];
}

// =======================================================================================
// The program

class DurableLoad {
public:
  explicit DurableLoad(kj::ProcessContext& context): context(context) {}

  kj::MainFunc getMain() {
    return kj::MainBuilder(context, "durable-load", "Durable calls per second.")
        .addSubCommand("serve", KJ_BIND_METHOD(*this, serveMain), "serve sums")
        .addSubCommand("load", KJ_BIND_METHOD(*this, loadMain), "make calls in closed loops")
        .addSubCommand("start", KJ_BIND_METHOD(*this, startMain), "make calls that do not end")
        .addSubCommand(
            "recover", KJ_BIND_METHOD(*this, recoverMain), "serve until all have settled")
        .build();
  }

private:
  kj::ProcessContext& context;
  kj::StringPtr location;
  kj::StringPtr socket;
  uint64_t count = 0;
  uint32_t steps = 0;
  double seconds = 0;

  kj::MainFunc serveMain() {
    return kj::MainBuilder(context, "durable-load serve", "Serves sums until it is killed.")
        .expectArg("<store>", KJ_BIND_METHOD(*this, setLocation))
        .expectArg("<socket>", KJ_BIND_METHOD(*this, setSocket))
        .callAfterParsing(KJ_BIND_METHOD(*this, serve))
        .build();
  }
  kj::MainFunc loadMain() {
    return kj::MainBuilder(context, "durable-load load", "Makes calls in closed loops.")
        .expectArg("<socket>", KJ_BIND_METHOD(*this, setSocket))
        .expectArg("<callers>", KJ_BIND_METHOD(*this, setCount))
        .expectArg("<steps>", KJ_BIND_METHOD(*this, setSteps))
        .expectArg("<seconds>", KJ_BIND_METHOD(*this, setSeconds))
        .callAfterParsing(KJ_BIND_METHOD(*this, load))
        .build();
  }
  kj::MainFunc startMain() {
    return kj::MainBuilder(context, "durable-load start", "Makes calls that do not end.")
        .expectArg("<socket>", KJ_BIND_METHOD(*this, setSocket))
        .expectArg("<calls>", KJ_BIND_METHOD(*this, setCount))
        .callAfterParsing(KJ_BIND_METHOD(*this, start))
        .build();
  }
  kj::MainFunc recoverMain() {
    return kj::MainBuilder(context, "durable-load recover", "Serves until all have settled.")
        .expectArg("<store>", KJ_BIND_METHOD(*this, setLocation))
        .expectArg("<socket>", KJ_BIND_METHOD(*this, setSocket))
        .expectArg("<calls>", KJ_BIND_METHOD(*this, setCount))
        .callAfterParsing(KJ_BIND_METHOD(*this, recover))
        .build();
  }

  kj::MainBuilder::Validity setLocation(kj::StringPtr arg) {
    location = arg;
    return true;
  }
  kj::MainBuilder::Validity setSocket(kj::StringPtr arg) {
    socket = arg;
    return true;
  }
  kj::MainBuilder::Validity setCount(kj::StringPtr arg) {
    count = arg.parseAs<uint64_t>();
    return true;
  }
  kj::MainBuilder::Validity setSteps(kj::StringPtr arg) {
    steps = arg.parseAs<uint32_t>();
    return true;
  }
  kj::MainBuilder::Validity setSeconds(kj::StringPtr arg) {
    seconds = arg.parseAs<double>();
    return true;
  }

  Ref<Sums> connect(Vat& vat) { return vat.connect<Sums>(kj::str("unix:", socket)); }

  kj::MainBuilder::Validity serve() {
    SumsVat sums(location, socket);
    sums.getStore().find("warm-up").wait(sums.get());
    sums.get().run(kj::str("unix:", socket));
    return true;
  }

  kj::MainBuilder::Validity load() {
    Vat vat;
    auto sums = connect(vat);
    auto before = sums.counts().wait(vat);
    Load load(sums, steps, seconds);
    kj::Vector<kj::Promise<void>> callers;
    for (uint64_t i = 0; i < count; ++i) callers.add(load.caller());
    kj::joinPromisesFailFast(callers.releaseAsArray()).wait(vat);
    auto after = sums.counts().wait(vat);
    auto micros = load.takeMicros();
    double calls = load.getCalls();
    std::printf(
        "{\"system\":\"troth\",\"callers\":%lu,\"steps\":%u,\"perSecond\":%.1f,"
        "\"p50us\":%.0f,\"p99us\":%.0f,\"count\":%zu,"
        "\"callsPerTransaction\":%.2f,\"statementsPerTransaction\":%.2f}\n",
        count, steps, micros.size() / seconds, percentile(micros, 50), percentile(micros, 99),
        micros.size(), calls / (after.getTransactions() - before.getTransactions()),
        double(after.getStatements() - before.getStatements()) /
            (after.getTransactions() - before.getTransactions()));
    std::fflush(stdout);
    return true;
  }

  kj::MainBuilder::Validity start() {
    Vat vat;
    auto sums = connect(vat);
    kj::Vector<kj::Promise<void>> calls;
    for (uint64_t i = 0; i < count; ++i) {
      calls.add(sums.ofSteps(1).durable(kj::str("pending-", i)).ignoreResult());
    }
    while (sums.counts().wait(vat).getStarted() < count) {
      vat.timer().afterDelay(LOOK_EVERY).wait(vat);
    }
    return true;
  }

  // Whether the store has a call in `state`, of those that are no part of another.
  static kj::Promise<bool> has(Store& store, PromiseState state) {
    auto page = co_await store.search({.states = kj::arr(state), .recordsMax = 100});
    for (auto& record: page.records) {
      if (record.parent == nullptr) co_return true;
    }
    co_return false;
  }

  kj::MainBuilder::Validity recover() {
    auto begin = Clock::now();
    SumsVat sums(location, socket);
    auto& vat = sums.get();
    auto wait = [&](PromiseState state, bool wanted) {
      while (has(sums.getStore(), state).wait(vat) != wanted) {
        vat.timer().afterDelay(LOOK_EVERY).wait(vat);
      }
      return secondsBetween(begin, Clock::now());
    };
    auto listening = vat.listen(kj::str("unix:", socket));
    auto first = wait(PromiseState::FULFILLED, true);
    auto all = wait(PromiseState::PENDING, false);
    std::printf(
        "{\"system\":\"troth\",\"recovered\":%lu,\"firstSeconds\":%.2f,\"seconds\":%.2f,"
        "\"perSecond\":%.1f}\n",
        count, first, all, count / all);
    std::fflush(stdout);
    return true;
  }
};

}  // namespace
}  // namespace troth

KJ_MAIN(troth::DurableLoad)

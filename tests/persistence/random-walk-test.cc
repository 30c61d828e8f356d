// Random requests, many at once and through several stores, against a model. With crashes: in
// SQLite at any write or sync.
//
// TROTH_WALK_SEEDS says how many walks, TROTH_WALK_FIRST_SEED which is the first. A walk that fails
// says its seed and what was done.

#include <algorithm>
#include <map>
#include <random>

#include "random-walk-model.h"
#include "store-contract.h"

namespace troth {
namespace {

constexpr int WINDOWS = 30;
constexpr size_t WINDOW_REQUESTS_MAX = 5;
constexpr size_t STORES = 2;
constexpr Micros LEASE_MICROS = 10'000'000;

uint32_t numberFrom(const char* variable, uint32_t otherwise) {
  auto text = getenv(variable);
  return text == nullptr ? otherwise : kj::StringPtr(text).parseAs<uint32_t>();
}

// A promise has the parent that its id says.
std::string parentOf(const std::string& id) {
  auto dot = id.rfind('.');
  return dot == std::string::npos ? "" : id.substr(0, dot);
}

kj::String text(const std::string& s) { return kj::heapString(s.data(), s.size()); }

Repetition repetitionOf(const ModelRequest& request) {
  return request.isStrict ? Repetition::STRICT : Repetition::CONVERGE;
}

Settlement outcomeOf(const ModelRequest& request) {
  Settlement outcome{.state = request.state};
  if (request.state == PromiseState::FULFILLED) {
    outcome.value = bytesOf(request.outcome.c_str());
  } else {
    outcome.error = PromiseError{kj::Exception::Type::FAILED, text(request.outcome)};
  }
  return outcome;
}

CreateRequest toCreation(const ModelRequest& request) {
  auto& wanted = request.wanted;
  CreateRequest creation = outside(request.id.c_str());
  creation.call.target = text(wanted.target);
  creation.call.params = bytesOf(wanted.params.c_str());
  if (!wanted.parent.empty()) creation.parent = text(wanted.parent);
  if (wanted.deadline) creation.deadline = kj::UNIX_EPOCH + *wanted.deadline * kj::MICROSECONDS;
  if (!wanted.tag.empty()) creation.tags = kj::arr(text(wanted.tag));
  if (!request.owner.empty()) {
    creation.lease = LeaseRequest{text(request.owner), request.duration * kj::MICROSECONDS};
  }
  if (request.isSettled) creation.settlement = outcomeOf(request);
  creation.repetition = repetitionOf(request);
  return creation;
}

SettleRequest toSettlement(const ModelRequest& request) {
  auto outcome = outcomeOf(request);
  SettleRequest settlement{.id = text(request.id),
      .state = outcome.state,
      .value = kj::mv(outcome.value),
      .error = kj::mv(outcome.error)};
  if (request.epoch) settlement.epoch = *request.epoch;
  settlement.repetition = repetitionOf(request);
  return settlement;
}

kj::Promise<kj::Maybe<Record>> maybe(kj::Promise<Record> promise) {
  return promise.then([](Record&& record) { return kj::Maybe<Record>(kj::mv(record)); });
}

kj::Promise<kj::Maybe<Record>> send(Store& store, const ModelRequest& request) {
  auto duration = request.duration * kj::MICROSECONDS;
  switch (request.kind) {
    case ModelRequest::CREATE: return maybe(store.create(toCreation(request)));
    case ModelRequest::SETTLE: return maybe(store.settle(toSettlement(request)));
    case ModelRequest::RENEW:
      return maybe(
          store.renew({text(request.id), *request.epoch, {text(request.owner), duration}}));
    case ModelRequest::RELEASE:
      return maybe(
          store.release({text(request.id), *request.epoch, text(request.owner), duration}));
    default: return store.find(request.id.c_str());
  }
}

std::string answerOf(const Record& record) {
  auto comparable = record.clone();
  comparable.digest = nullptr;
  return show(comparable);
}

// One walk, from an empty world.
class Walk {
public:
  Walk(StoreWorld& world, ManualClock& clock, StoreOptions options, Loop& loop, uint32_t seed)
      : world(world), clock(clock), options(kj::mv(options)), loop(loop), random(seed) {
    openStores();
  }

  // What was done and seen, if the model does not explain it; else nothing.
  std::string run() {
    for (int i = 0; i < WINDOWS && problem.empty(); ++i) step();
    if (problem.empty()) return "";
    std::string all;
    for (auto& line: steps) all += line + "\n";
    return all + problem;
  }

private:
  // Someone who waits for a promise to settle.
  struct Waiter {
    std::string id;
    kj::Promise<Record> promise;
  };

  // A request on its way.
  struct Sent {
    ModelRequest request;
    kj::Promise<void> answered;
    std::optional<std::string> answer;

    // Why there is no answer.
    kj::Maybe<kj::Exception> failure;

    void fail(kj::Exception&& exception) {
      if (exception.getType() == kj::Exception::Type::FAILED) {
        answer = std::string("refused: ") + exception.getDescription().cStr();
      } else {
        failure = kj::mv(exception);
      }
    }

    // Whether the failure promises that nothing was done.
    bool isUndone() const {
      KJ_IF_MAYBE(f, failure) return f->getType() == kj::Exception::Type::OVERLOADED;
      return false;
    }
  };

  StoreWorld& world;
  ManualClock& clock;
  StoreOptions options;
  Loop& loop;
  std::mt19937 random;
  std::vector<kj::Own<Store>> stores;
  std::map<std::string, std::optional<ModelPromise>> model = {
      {"a", {}}, {"a.1", {}}, {"a.2", {}}, {"a.1.1", {}}, {"b", {}}, {"b.1", {}}};
  std::vector<Waiter> waiters;
  std::vector<kj::Promise<void>> dueWatches;
  std::vector<std::string> steps;
  std::string problem;

  // ---- Chance ----

  uint32_t upTo(uint32_t limit) { return random() % limit; }
  bool oneIn(uint32_t chances) { return upTo(chances) == 0; }

  template <typename T>
  T oneOf(std::initializer_list<T> choices) {
    return choices.begin()[upTo(choices.size())];
  }

  const std::string& anyId() { return std::next(model.begin(), upTo(model.size()))->first; }
  Store& anyStore() { return *stores[upTo(stores.size())]; }

  // ---- Steps ----

  Micros now() const { return (clock.now() - kj::UNIX_EPOCH) / kj::MICROSECONDS; }

  void log(std::string line) { steps.push_back(std::to_string(now()) + "  " + line); }

  void step() {
    passTime();
    checkWakeUps();
    if (!problem.empty()) return;
    switch (upTo(12)) {
      case 0: search(); break;
      case 1: claimAlone(); break;
      case 2: prune(); break;
      case 3: crash(); break;
      case 4: watch(); break;
      default: requestSeveral(); break;
    }
    checkWakeUps();
  }

  void passTime() {
    auto passed = oneOf<Micros>({0, 0, 1, 1'000'000, 4'000'000, LEASE_MICROS});
    clock.advance(passed * kj::MICROSECONDS);
    for (auto& [id, promise]: model) troth::passTime(promise, now());
  }

  void openStores() {
    while (stores.size() < STORES) stores.push_back(world.open(options));
    for (auto& store: stores) dueWatches.push_back(watchDue(*store));
  }

  static kj::Promise<void> watchDue(Store& store) {
    const kj::StringPtr targets[] = {"bank"};
    return store.whenDue(targets);
  }

  // ---- Requests ----

  ModelRequest anyRequest() {
    using R = ModelRequest;
    ModelRequest request;
    request.kind = oneOf({R::CREATE, R::CREATE, R::CREATE, R::SETTLE, R::SETTLE, R::FIND, R::RENEW,
        R::RELEASE, R::RELEASE});
    request.id = anyId();
    request.isStrict = oneIn(3);
    request.owner = oneOf({"me", "you"});
    request.duration = LEASE_MICROS;
    auto& promise = model[request.id];
    auto epoch = promise ? promise->epoch : 1;
    if (request.kind == R::CREATE) planCreation(request);
    if (request.kind == R::RELEASE) request.duration = oneOf<Micros>({0, 0, 3'000'000});
    if (request.kind == R::RENEW || request.kind == R::RELEASE) {
      request.epoch = oneIn(4) ? epoch + oneOf<int>({-1, 1}) : epoch;
    }
    if (request.kind == R::SETTLE) {
      planOutcome(request);
      if (oneIn(2)) request.epoch = oneIn(4) ? epoch + 1 : epoch;
    }
    return request;
  }

  void planOutcome(ModelRequest& request) {
    request.state =
        oneOf({PromiseState::FULFILLED, PromiseState::REJECTED, PromiseState::CANCELED});
    request.outcome = oneOf({"", "yes", "no"});
  }

  void planCreation(ModelRequest& request) {
    auto& wanted = request.wanted;
    wanted.id = request.id;
    wanted.target = oneOf({"bank", "bank", "bank", "bank", ""});
    wanted.params = oneIn(6) ? "others" : "params";
    wanted.tag = oneOf({"red", "blue", ""});
    wanted.parent = parentOf(request.id);
    if (oneIn(2)) wanted.deadline = now() + oneOf<Micros>({0, 1, 2'000'000, 20'000'000});
    if (wanted.target.empty() || oneIn(2)) request.owner.clear();
    request.isSettled = request.owner.empty() && oneIn(3);
    if (request.isSettled) planOutcome(request);
    if (wanted.parent.empty()) return;
    auto& parent = model[wanted.parent];
    request.isParentMissing = !parent;
    if (!parent) return;
    wanted.root = parent->root.empty() ? parent->id : parent->root;
    if (parent->deadline && (!wanted.deadline || *wanted.deadline > *parent->deadline)) {
      wanted.deadline = parent->deadline;
    }
  }

  // Whether the request depends on what becomes of the parent in the same window.
  static bool isUncertain(const ModelRequest& request, const std::vector<ModelRequest>& others) {
    return std::any_of(others.begin(), others.end(), [&](auto& other) {
      return (request.isParentMissing && other.id == request.wanted.parent) ||
          (other.isParentMissing && request.id == other.wanted.parent);
    });
  }

  // A step and the outcome of its call, as a worker records them together.
  std::vector<ModelRequest> lastStep() {
    for (auto& [id, promise]: model) {
      auto parent = model.find(parentOf(id));
      if (promise || parent == model.end() || !parent->second) continue;
      auto& call = *parent->second;
      if (!call.isPending() || call.epoch != 1) continue;
      ModelRequest step{.kind = ModelRequest::CREATE, .id = id, .isSettled = true};
      step.wanted.id = id;
      step.wanted.parent = call.id;
      step.wanted.root = call.root.empty() ? call.id : call.root;
      step.wanted.deadline = call.deadline;
      step.outcome = "yes";
      ModelRequest outcome{.kind = ModelRequest::SETTLE, .id = call.id, .outcome = "yes"};
      outcome.epoch = call.epoch;
      return {step, outcome};
    }
    return {};
  }

  std::vector<ModelRequest> severalRequests() {
    std::vector<ModelRequest> requests;
    if (oneIn(4)) requests = lastStep();
    auto count = 1 + upTo(WINDOW_REQUESTS_MAX);
    auto focus = anyId();
    while (requests.size() < count) {
      auto request = anyRequest();
      if (request.id != focus && oneIn(2)) continue;
      if (!isUncertain(request, requests)) requests.push_back(kj::mv(request));
    }
    return requests;
  }

  std::vector<kj::Own<Sent>> sendAll(std::vector<ModelRequest> requests) {
    std::vector<kj::Own<Sent>> all;
    bool isOneStore = oneIn(2);
    size_t store = 0;
    for (auto& request: requests) {
      if (!isOneStore || all.empty()) store = upTo(stores.size());
      log("store " + std::to_string(store) + ": " + describe(request));
      auto sent = kj::heap<Sent>(Sent{request, nullptr, std::nullopt, nullptr});
      sent->answered = send(*stores[store], request)
                           .then(
                               [&sent = *sent](kj::Maybe<Record>&& record) {
                                 KJ_IF_MAYBE(r, record) {
                                   sent.answer = answerOf(*r);
                                 } else {
                                   sent.answer = "no record";
                                 }
                               },
                               [&sent = *sent](kj::Exception&& e) { sent.fail(kj::mv(e)); })
                           .eagerlyEvaluate(nullptr);
      all.push_back(kj::mv(sent));
    }
    return all;
  }

  void requestSeveral() {
    auto all = sendAll(severalRequests());
    auto claimed = oneIn(3) ? claimBeside() : std::vector<Observation>();
    for (auto& sent: all) sent->answered.wait(loop.waitScope());
    for (auto& sent: all) {
      KJ_IF_MAYBE(failure, sent->failure) {
        problem = describe(sent->request) + " failed: " + failure->getDescription().cStr();
      }
    }
    check(kj::mv(all), kj::mv(claimed));
  }

  // A claim beside other requests: each record is a take; what it does not have, says nothing.
  std::vector<Observation> claimBeside() {
    std::vector<Observation> takes;
    ModelRequest take;
    take.kind = ModelRequest::TAKE;
    take.owner = "claimer";
    take.duration = LEASE_MICROS;
    auto claimed = recordsOf(anyStore().claim(claimOf(take, 64)).wait(loop.waitScope()));
    for (auto& record: claimed) {
      take.id = record.id.cStr();
      takes.push_back({take, answerOf(record)});
    }
    return takes;
  }

  static ClaimRequest claimOf(const ModelRequest& take, uint32_t recordsMax) {
    ClaimRequest claim{
        .lease = {text(take.owner), take.duration * kj::MICROSECONDS}, .recordsMax = recordsMax};
    claim.targets = kj::arr(kj::str("bank"), kj::str("nobody"));
    return claim;
  }

  // Holds the answers against the model, promise by promise.
  void check(std::vector<kj::Own<Sent>> all, std::vector<Observation> more) {
    for (auto& sent: all) {
      if (sent->isUndone()) {
        log("  " + describe(sent->request) + " → nothing was done");
      } else {
        more.push_back({sent->request, sent->answer});
      }
    }
    for (auto& seen: more) {
      log("  " + describe(seen.request) + " → " + seen.answer.value_or("no answer"));
    }
    for (auto& [id, promise]: model) {
      std::vector<Observation> observations;
      for (auto& seen: more) {
        if (seen.request.id == id) observations.push_back(seen);
      }
      Observation last;
      last.request.id = id;
      auto found = anyStore().find(id.c_str()).wait(loop.waitScope());
      last.answer = "no record";
      KJ_IF_MAYBE(record, found) last.answer = answerOf(*record);
      auto before = promise ? show(*promise) : "no record";
      if (!explain(promise, observations, last, now())) {
        problem = kj::str("no order of the requests explains the answers for ", id.c_str(),
            ", which was\n  ", before.c_str(), "\nand is\n  ", last.answer->c_str())
                      .cStr();
        return;
      }
    }
  }

  // ---- What is done alone ----

  void expect(const std::string& what, const std::string& seen, const std::string& expected) {
    log(what + " → " + seen);
    if (seen != expected) problem = what + " gave\n  " + seen + "\ninstead of\n  " + expected;
  }

  void claimAlone() {
    ModelRequest take;
    take.kind = ModelRequest::TAKE;
    take.owner = oneOf({"me", "you"});
    take.duration = LEASE_MICROS;
    std::vector<std::pair<Micros, std::string>> due;
    for (auto& [id, promise]: model) {
      if (promise && promise->isDue(now())) due.push_back({*promise->due, id});
    }
    std::sort(due.begin(), due.end());
    auto recordsMax = 1 + upTo(3);
    auto claimed = recordsOf(anyStore().claim(claimOf(take, recordsMax)).wait(loop.waitScope()));
    std::vector<Micros> oldest, seen;
    for (auto& [time, id]: due) oldest.push_back(time);
    oldest.resize(kj::min(due.size(), recordsMax));
    std::string all;
    for (auto& record: claimed) {
      take.id = record.id.cStr();
      auto& promise = model[take.id];
      if (promise && promise->isDue(now())) seen.push_back(*promise->due);
      expect("claim", answerOf(record), show(*carryOut(promise, take, now()).promise));
    }
    std::sort(seen.begin(), seen.end());
    if (seen != oldest && problem.empty()) problem = "a claim did not take what waited longest";
  }

  void search() {
    SearchRequest request;
    auto state = oneOf({PromiseState::PENDING, PromiseState::TIMEDOUT, PromiseState::FULFILLED});
    bool byState = oneIn(2);
    if (byState) request.states = kj::arr(state);
    auto selector = upTo(4);
    auto name = selector == 1 ? std::string("red") : oneOf({"a", "b", "a.1"});
    if (selector == 1) request.tag = text(name);
    if (selector == 2) request.parent = text(name);
    if (selector == 3) request.root = text(name);
    std::vector<std::pair<Micros, std::string>> expected;
    for (auto& [id, promise]: model) {
      if (!promise || (byState && promise->state != state)) continue;
      auto root = promise->root.empty() ? id : promise->root;
      const std::string selected[] = {name, promise->tag, promise->parent, root};
      if (selected[selector] == name) expected.push_back({promise->created, id});
    }
    std::sort(expected.begin(), expected.end());
    std::string ids;
    for (auto& [time, id]: expected) ids += id + " ";
    std::string seen;
    for (auto& r: anyStore().search(kj::mv(request)).wait(loop.waitScope()).records) {
      seen += r.id.cStr() + std::string(" ");
    }
    expect("search " + std::to_string(selector) + " " + name, seen, ids);
  }

  bool isOld(const std::string& root, Micros before) const {
    auto& top = model.at(root);
    if (!top || top->isPending() || *top->settled >= before) return false;
    return std::none_of(model.begin(), model.end(), [&](auto& entry) {
      auto& [id, promise] = entry;
      return promise && promise->root == root && promise->isPending();
    });
  }

  // Through all stores, as each remembers parents that it has seen.
  void prune() {
    auto before = now() - oneOf<Micros>({-1, 0, 5'000'000});
    std::set<std::string> roots;
    for (auto root: {"a", "b"}) {
      if (isOld(root, before)) roots.insert(root);
    }
    size_t records = 0, pruned = 0;
    for (auto& [id, promise]: model) {
      if (!promise || roots.count(promise->root.empty() ? id : promise->root) == 0) continue;
      ++records;
      promise.reset();
    }
    for (auto& store: stores) {
      pruned +=
          store->prune({kj::UNIX_EPOCH + before * kj::MICROSECONDS}).wait(loop.waitScope()).records;
    }
    expect("prune", std::to_string(pruned), std::to_string(records));
  }

  // Requests whose answers do not all come: because the stores are closed in the midst of them, or
  // because all fails from some step on, or both.
  void crash() {
    waiters.clear();
    dueWatches.clear();
    auto fault = world.planFault(random);
    log("crash" + fault);
    auto all = sendAll(severalRequests());
    if (fault.empty() || oneIn(2)) {
      for (auto turns = upTo(8); turns > 0; --turns) loop.waitScope().poll(1);
      log("closed");
      stores.clear();
    }
    for (auto& sent: all) sent->answered.wait(loop.waitScope());
    stores.clear();
    world.crash();
    openStores();
    check(kj::mv(all), {});
  }

  // ---- Wake-ups ----

  void watch() {
    auto& id = anyId();
    if (!model[id]) return;
    log("wait for " + id);
    waiters.push_back({id, anyStore().whenSettled(id.c_str())});
  }

  // Whoever waits for what has happened is told.
  void checkWakeUps() {
    if (!problem.empty()) return;
    auto rest = std::stable_partition(waiters.begin(), waiters.end(),
        [&](auto& waiter) { return model[waiter.id]->isPending(); });
    for (auto waiter = rest; waiter != waiters.end(); ++waiter) {
      expect("told of " + waiter->id, answerOf(waiter->promise.wait(loop.waitScope())),
          show(*model[waiter->id]));
    }
    waiters.erase(rest, waiters.end());

    bool isWorkDue = std::any_of(model.begin(), model.end(),
        [&](auto& entry) { return entry.second && entry.second->isDue(now()); });
    if (!isWorkDue) return;
    for (size_t i = 0; i < stores.size(); ++i) {
      dueWatches[i].wait(loop.waitScope());
      dueWatches[i] = watchDue(*stores[i]);
    }
  }
};

TEST_P(StoreWalk, TheModelExplainsEveryAnswer) {
  auto first = numberFrom("TROTH_WALK_FIRST_SEED", 1);
  auto seeds = numberFrom("TROTH_WALK_SEEDS", 5);
  for (auto seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("TROTH_WALK_FIRST_SEED=" + std::to_string(seed));
    auto fresh = GetParam().makeWorld();
    Walk walk(*fresh, clock, options(), loop, seed);
    auto problem = walk.run();
    EXPECT_TRUE(problem.empty()) << problem;
  }
}

}  // namespace
}  // namespace troth

// Random programs of calls: made all at once they give what they give one call at a time.
//
// TROTH_GRAPH_SEEDS sets how many programs of each kind are tried, TROTH_GRAPH_FIRST_SEED where to
// start.

#include <cstdlib>
#include <deque>

#include "desk.h"
#include "program.h"

namespace troth {
namespace {

using Op = Step::Op;

int environment(const char* name, int otherwise) {
  auto value = getenv(name);
  return value == nullptr ? otherwise : atoi(value);
}

// The vats that a program talks to.
struct Hosts {
  explicit Hosts(const std::vector<Kind>& kinds) {
    for (auto kind: kinds) {
      worlds.emplace_back();
      roots.push_back(desks.connect(worlds.back(), kind));
    }
  }

  // Calls delivered, by method. Those of make() that were refused do not count.
  std::map<std::string, int> delivered() {
    std::map<std::string, int> result;
    for (auto& world: worlds) {
      for (auto& [method, count]: world.delivered) result[method] += count;
    }
    result["make"] -= refusals;
    for (auto& world: worlds) result["make"] += world.failures["make"].size();
    return result;
  }

  // Each vat refuses the first calls of make(), which are retried.
  void refuseMakes(uint32_t seed) {
    std::mt19937 random(seed);
    for (auto& world: worlds) {
      world.failures["make"].assign(random() % 6, kj::Exception::Type::OVERLOADED);
      refusals += world.failures["make"].size();
    }
    auto& retries = policy.emplace();
    retries.attemptsMax = 1000;
    retries.delayFirst = 0 * kj::SECONDS;
    retries.retryBudget = retryBudget;
  }

  // How make() is retried.
  kj::Maybe<RetryPolicy> policy;
  RetryBudget retryBudget{{.most = 1000}};
  int refusals = 0;

  std::deque<World> worlds;
  Desks desks{nullptr};
  std::vector<Ref<desk::Desk>> roots;
};

// What a call came to: its results as text, or the types of error that it may break with.
struct Known {
  std::string results;
  std::set<int> errors;

  int64_t number = 0;
  std::string text;
  std::vector<int64_t> list;
  int64_t x = 0;
  kj::Maybe<Ref<desk::Desk>> object;
};

std::string describeList(const auto& list) {
  std::ostringstream out;
  for (auto number: list) out << number << ',';
  return out.str();
}

const char* memberOf(const Step& step) { return step.literal % 2 ? "right" : "left"; }

// Makes the calls of a program one after the other, with nothing promised.
class OneByOne {
public:
  OneByOne(const Program& program, Hosts& hosts): program(program), hosts(hosts) {}

  std::vector<Known> run() {
    for (auto& step: program.steps) {
      known.emplace_back();
      if (!step.isCall()) continue;
      addErrorsOf(step);
      if (!known.back().errors.empty()) continue;
      KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { make(step); })) {
        known.back().errors.insert(static_cast<int>(exception->getType()));
      }
    }
    return std::move(known);
  }

private:
  const Program& program;
  Hosts& hosts;
  std::vector<Known> known;

  void addErrorsOf(const Step& step) {
    for (auto from: {step.on, step.a, step.b, step.c}) {
      if (from < 0) continue;
      auto& errors = known[from].errors;
      known.back().errors.insert(errors.begin(), errors.end());
    }
  }

  Ref<desk::Desk> object(int index) {
    return index < 0 ? hosts.roots[~index] : KJ_ASSERT_NONNULL(known[index].object);
  }
  int64_t number(int index, const Step& step) {
    return index < 0 ? step.literal : known[index].number;
  }

  Ref<desk::Desk> pickElement(Ref<desk::Desk> on, const Step& step) {
    auto results = on.desks(2).wait(hosts.desks);
    KJ_REQUIRE(step.element() < 2, "no such element");
    return Ref<desk::Desk>(results.getDesks()[step.element()]);
  }
  Ref<desk::Desk> pickMember(Ref<desk::Desk> on, const Step& step) {
    auto results = on.choose(step.member()).wait(hosts.desks);
    KJ_REQUIRE(results.getChoice().isFirst(), "not the member that is set");
    return Ref<desk::Desk>(results.getChoice().getFirst());
  }

  void make(const Step& step) {
    auto& vats = hosts.desks;
    auto on = object(step.on);
    auto& result = known.back();
    auto x = step.op == Op::JOIN ? step.b : step.a;
    auto point = [&](desk::Point::Builder to) { to.setX(x < 0 ? step.literal : known[x].x); };
    switch (step.op) {
      case Op::ADD:
        result.number = on.add(number(step.a, step), number(step.b, step)).sum().wait(vats);
        break;
      case Op::MAKE: {
        auto made = on.make(number(step.a, step)).wait(vats);
        result.number = made.getNumber();
        result.object = Ref<desk::Desk>(made.getDesk());
        break;
      }
      case Op::JOIN: {
        auto text = step.a < 0 ? std::to_string(step.literal) : known[step.a].text;
        auto list = step.c < 0 ? std::vector<int64_t>{1, 2} : known[step.c].list;
        auto joined = on.join(text, point, list).wait(vats);
        result.text = joined.getText().cStr();
        for (auto number: joined.getNumbers()) result.list.push_back(number);
        break;
      }
      case Op::MOVE: result.number = result.x = on.move(point).x().wait(vats); break;
      case Op::FAIL: on.fail(step.literal % 4, "as asked").wait(vats); break;
      case Op::ASK:
        result.number = on.ask(object(step.b), number(step.a, step)).sum().wait(vats);
        break;
      case Op::AT:
        KJ_REQUIRE(step.literal < static_cast<int>(known[step.c].list.size()), "no such element");
        result.number = known[step.c].list[step.literal];
        break;
      case Op::MAP:
        for (auto n: known[step.c].list) {
          result.list.push_back(on.add(n, number(step.a, step)).sum().wait(vats));
        }
        break;
      case Op::PAIR: {
        auto pair = on.pair(memberOf(step)).wait(vats);
        KJ_REQUIRE(pair.getPair().isRight(), "not the member that is set");
        result.number = pair.getPair().getRight();
        break;
      }
      case Op::PICK: {
        auto object = step.picksElement() ? pickElement(on, step) : pickMember(on, step);
        result.number = object.add(0, 0).sum().wait(vats);
        result.object = object;
        break;
      }
      default: break;
    }
    result.results = step.hasMapped() ? result.text + " " + describeList(result.list)
                                      : std::to_string(result.number);
  }
};

// Makes all calls of a program first, and then waits for what they come to.
class AtOnce {
public:
  AtOnce(const Program& program, Hosts& hosts): program(program), hosts(hosts) {}

  void make() {
    for (auto& step: program.steps) {
      nodes.emplace_back();
      make(step);
    }
  }

  // What step `index` came to; the type of its error after '!'.
  std::string outcome(int index) {
    auto& node = nodes[index];
    std::string result;
    auto& vats = hosts.desks;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                  KJ_IF_MAYBE(number, node.number) result = std::to_string(number->wait(vats));
                  KJ_IF_MAYBE(text, node.text) result = text->wait(vats).cStr();
                  KJ_IF_MAYBE(list, node.list) result += " " + describeList(list->wait(vats));
                })) {
      return "!" + std::to_string(static_cast<int>(exception->getType()));
    }
    return result;
  }

private:
  struct Node {
    kj::Maybe<Promise<int64_t>> number;
    kj::Maybe<Ref<desk::Desk>> object;
    kj::Maybe<Promise<capnp::Text>> text;
    kj::Maybe<Promise<capnp::List<int64_t>>> list;
    kj::Maybe<Promise<desk::Point>> point;

    void share() {
      KJ_IF_MAYBE(p, number) p->share();
      KJ_IF_MAYBE(p, text) p->share();
    }
    void bound() {
      KJ_IF_MAYBE(p, number) *p = p->within(1 * kj::HOURS);
      KJ_IF_MAYBE(p, text) *p = p->within(1 * kj::HOURS);
    }
  };

  const Program& program;
  Hosts& hosts;
  std::deque<Node> nodes;

  Ref<desk::Desk> object(int index) {
    return index < 0 ? hosts.roots[~index] : KJ_ASSERT_NONNULL(nodes[index].object);
  }
  Arg<int64_t> number(int index, const Step& step) {
    if (index < 0) return Arg<int64_t>(step.literal);
    return Arg<int64_t>(KJ_ASSERT_NONNULL(nodes[index].number));
  }

  void fail(Node& node, const Step& step) {
    auto failed = object(step.on).fail(step.literal % 4, "as asked");
    node.number = failed.number();
    node.object = failed.desk();
  }
  void pick(Node& node, const Step& step) {
    auto on = object(step.on);
    auto picked = step.picksElement() ? on.desks(2).desks().at(step.element())
                                      : on.choose(step.member()).choice().first();
    node.number = picked.add(0, 0).sum();
    node.object = picked;
  }

  void make(const Step& step) {
    static const std::vector<int64_t> LIST = {1, 2};
    auto& node = nodes.back();
    auto literal = std::to_string(step.literal);
    auto fill = [&](desk::Point::Builder to) { to.setX(step.literal); };
    auto point = [&](int index) {
      return index < 0 ? Arg<desk::Point>(fill)
                       : Arg<desk::Point>(KJ_ASSERT_NONNULL(nodes[index].point));
    };
    switch (step.op) {
      case Op::ADD:
        node.number = object(step.on).add(number(step.a, step), number(step.b, step)).sum();
        break;
      case Op::MAKE: {
        auto made = object(step.on).make(number(step.a, step));
        KJ_IF_MAYBE(policy, hosts.policy) made = made.retry(*policy);
        node.number = made.number();
        node.object = made.desk();
        break;
      }
      case Op::JOIN: {
        auto joined = object(step.on).join(step.a < 0
                ? Arg<capnp::Text>(literal)
                : Arg<capnp::Text>(KJ_ASSERT_NONNULL(nodes[step.a].text)),
            point(step.b),
            step.c < 0 ? Arg<capnp::List<int64_t>>(LIST)
                       : Arg<capnp::List<int64_t>>(KJ_ASSERT_NONNULL(nodes[step.c].list)));
        node.text = joined.text();
        node.list = joined.numbers();
        break;
      }
      case Op::MOVE: {
        auto moved = object(step.on).move(point(step.a));
        node.number = moved.x();
        node.point = kj::mv(moved);
        break;
      }
      case Op::FAIL: fail(node, step); break;
      case Op::ASK:
        node.number = object(step.on).ask(object(step.b), number(step.a, step)).sum();
        break;
      case Op::AT: node.number = KJ_ASSERT_NONNULL(nodes[step.c].list).at(step.literal); break;
      case Op::MAP: {
        auto on = object(step.on);
        node.list = KJ_ASSERT_NONNULL(nodes[step.c].list).map([&](auto n) {
          return on.add(n, number(step.a, step)).sum();
        });
        break;
      }
      case Op::PAIR: node.number = object(step.on).pair(memberOf(step)).pair().right(); break;
      case Op::PICK: pick(node, step); break;
      case Op::DROP: nodes[step.a] = Node(); break;
      case Op::SHARE: nodes[step.a].share(); break;
      case Op::BOUND: nodes[step.a].bound(); break;
      case Op::TURN: hosts.desks.loop.waitScope().poll(step.literal); break;
    }
  }
};

class Trial {
public:
  // SOME: make() is refused a few times, and retried.
  enum class Refusals { NONE, SOME };

  Trial(uint32_t seed, std::vector<Kind> kinds, Program::Turns turns,
      Refusals refusals = Refusals::NONE)
      : program(seed, kinds.size(), turns),
        seed(seed),
        kinds(kj::mv(kinds)),
        turns(turns),
        refusals(refusals) {}

  void run() {
    auto expected = evaluate();
    Hosts hosts(kinds);
    if (refusals == Refusals::SOME) hosts.refuseMakes(seed);
    AtOnce calls(program, hosts);
    calls.make();
    for (size_t i = 0; i < program.steps.size(); ++i) {
      if (program.steps[i].isCall() && program.dropped.count(i) == 0) {
        check(i, expected[i], calls.outcome(i));
      }
    }
    hosts.desks.settle();
    checkDeliveries(hosts.delivered());
    if (refusals == Refusals::SOME) return;
    if (turns == Program::Turns::ONE && kinds == std::vector<Kind>{Kind::TROTH}) {
      auto traffic = hosts.desks.traffic();
      EXPECT_LE(traffic.roundTrips, 1u) << traffic.callsSent << " calls";
    }
  }

  const Program program;

private:
  uint32_t seed;
  std::vector<Kind> kinds;
  Program::Turns turns;
  Refusals refusals;

  // How often each method is called one by one.
  std::map<std::string, int> limits;

  void check(int index, const Known& expected, const std::string& outcome) {
    if (expected.errors.empty()) {
      EXPECT_EQ(outcome, expected.results) << "r" << index;
      return;
    }
    ASSERT_FALSE(outcome.empty());
    EXPECT_EQ(outcome[0], '!') << "r" << index << " should have failed, but is " << outcome;
    if (outcome[0] != '!') return;
    EXPECT_TRUE(expected.errors.count(atoi(outcome.c_str() + 1)))
        << "r" << index << " broke with " << outcome;
  }

  std::vector<Known> evaluate() {
    Hosts hosts(kinds);
    auto result = OneByOne(program, hosts).run();
    limits = hosts.delivered();
    for (auto& known: result) known.object = nullptr;
    return result;
  }

  void checkDeliveries(std::map<std::string, int> delivered) {
    // With a broken object as an argument, ask() is delivered here and not made at all one by one.
    delivered.erase("ask");
    limits.erase("ask");
    if (program.dropped.empty()) EXPECT_EQ(delivered, limits);
    for (auto& [method, count]: delivered) EXPECT_LE(count, limits[method]) << method;
  }
};

void tryMany(std::vector<Kind> kinds, Program::Turns turns, int count,
    Trial::Refusals refusals = Trial::Refusals::NONE) {
  uint32_t first = environment("TROTH_GRAPH_FIRST_SEED", 1);
  uint32_t seeds = environment("TROTH_GRAPH_SEEDS", count);
  for (uint32_t seed = first; seed < first + seeds; ++seed) {
    Trial trial(seed, kinds, turns, refusals);
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { trial.run(); })) {
      ADD_FAILURE() << describe(*exception);
    }
    if (testing::Test::HasFailure()) {
      FAIL() << "seed " << seed << ", " << kinds.size() << " vats:\n" << trial.program.text();
    }
  }
}

TEST(Graph, OnOneVatGivesTheSameInOneRoundTrip) {
  tryMany({Kind::TROTH}, Program::Turns::ONE, 100);
}

TEST(Graph, OnTwoVatsGivesTheSame) { tryMany({Kind::TROTH, Kind::TROTH}, Program::Turns::ONE, 60); }

TEST(Graph, OnThreeVatsGivesTheSame) {
  tryMany({Kind::TROTH, Kind::TROTH, Kind::TROTH}, Program::Turns::ONE, 60);
}

TEST(Graph, InManyTurnsGivesTheSame) {
  tryMany({Kind::TROTH, Kind::TROTH}, Program::Turns::MANY, 60);
}

// Writing one call here sends the others: an object that it passes along comes from one of them.
TEST(Graph, ACallThatIsSentWhileItsSourceIsWrittenGivesTheSame) {
  Trial trial(4640, {Kind::TROTH, Kind::TROTH}, Program::Turns::MANY);
  trial.run();
}

// An object that a map calls comes from a call that is made once more.
TEST(Graph, AMapWhoseObjectIsReplacedGivesTheSame) {
  Trial trial(1482, {Kind::STOCK, Kind::TROTH, Kind::STOCK}, Program::Turns::MANY);
  trial.run();
}

TEST(Graph, OnAStockVatGivesTheSame) { tryMany({Kind::STOCK}, Program::Turns::MANY, 60); }

TEST(Graph, OnStockVatsAndOthersGivesTheSame) {
  tryMany({Kind::STOCK, Kind::TROTH, Kind::STOCK}, Program::Turns::MANY, 60);
}

TEST(Graph, WithRefusedCallsThatAreRetriedGivesTheSame) {
  tryMany({Kind::TROTH}, Program::Turns::ONE, 60, Trial::Refusals::SOME);
}

TEST(Graph, WithRefusedCallsOnTwoVatsGivesTheSame) {
  tryMany({Kind::TROTH, Kind::TROTH}, Program::Turns::MANY, 60, Trial::Refusals::SOME);
}

TEST(Graph, WithRefusedCallsOnStockVatsGivesTheSame) {
  tryMany({Kind::STOCK}, Program::Turns::MANY, 60, Trial::Refusals::SOME);
}

TEST(Graph, WithRefusedCallsOnStockVatsAndOthersGivesTheSame) {
  tryMany({Kind::STOCK, Kind::TROTH, Kind::STOCK}, Program::Turns::MANY, 60, Trial::Refusals::SOME);
}

}  // namespace
}  // namespace troth

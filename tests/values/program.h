#pragma once
// A program of calls, made from a seed: every call takes values and objects of earlier ones.

#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace troth {

// One line of a program.
struct Step {
  // DROP lets go of an earlier call; TURN lets the event loop run for a while; SHARE asks for an
  // earlier call's nameable form; BOUND gives an earlier call a deadline that it will not miss.
  // AT takes the element `literal` of a list, MAP adds a number to each element of one, and PAIR
  // reads a member of a union that may not be the one that is set. PICK takes an object out of a
  // list or a union, which may not have it, and asks it for a number.
  enum class Op { ADD, MAKE, JOIN, MOVE, FAIL, ASK, AT, MAP, PAIR, PICK, DROP, TURN, SHARE, BOUND };
  static constexpr int LITERAL = -1;

  Op op;

  // The object called: a step that made one, or ~n for the main object of vat n.
  int on = ~0;

  // The steps that the arguments come from; LITERAL for `literal`.
  int a = LITERAL;
  int b = LITERAL;
  int c = LITERAL;
  int literal = 0;

  bool isCall() const { return op < Op::DROP; }
  bool hasNumber() const { return isCall() && op != Op::JOIN && op != Op::MAP; }
  bool hasObject() const { return op == Op::MAKE || op == Op::FAIL || op == Op::PICK; }
  bool hasText() const { return op == Op::JOIN; }
  bool hasMapped() const { return op == Op::JOIN || op == Op::MAP; }
  bool hasPoint() const { return op == Op::MOVE; }

  // Where PICK takes its object from.
  bool picksElement() const { return literal % 5 < 3; }
  int element() const { return literal % 5; }
  const char* member() const { return literal % 5 == 3 ? "first" : "second"; }
};

class Program {
public:
  // Sums grow threefold with each step at most, and must not overflow.
  static constexpr int STEPS_MAX = 30;

  enum class Turns { ONE, MANY };

  Program(uint32_t seed, int vats, Turns turns): random(seed), vats(vats), turns(turns) {
    auto count = 2 + below(STEPS_MAX - 2);
    for (int i = 0; i < count; ++i) add();
  }

  std::vector<Step> steps;
  std::set<int> dropped;

  // The program as a reader would write it.
  std::string text() const {
    std::ostringstream out;
    for (size_t i = 0; i < steps.size(); ++i) out << "  " << line(i) << "\n";
    return out.str();
  }

private:
  std::mt19937 random;
  int vats;
  Turns turns;

  int below(int limit) { return random() % limit; }

  // A step that `has` what is needed; `otherwise` if there is none, or for a change.
  template <typename Has>
  int pick(Has has, int otherwise) {
    std::vector<int> found;
    for (size_t i = 0; i < steps.size(); ++i) {
      if ((steps[i].*has)() && dropped.count(i) == 0) found.push_back(i);
    }
    if (found.empty() || below(4) == 0) return otherwise;
    return found[below(found.size())];
  }

  Step::Op pickOp() {
    using Op = Step::Op;
    static constexpr Op CALLS[] = {Op::ADD, Op::ADD, Op::ADD, Op::MAKE, Op::MAKE, Op::JOIN,
        Op::JOIN, Op::MOVE, Op::ASK, Op::FAIL, Op::AT, Op::AT, Op::MAP, Op::MAP, Op::PAIR, Op::PICK,
        Op::PICK};
    auto chance = below(20);
    if (turns == Turns::MANY && chance == 0) return Op::TURN;
    if (turns == Turns::MANY && chance == 1) return Op::SHARE;
    if (chance == 2) return Op::DROP;
    if (chance < 5) return Op::BOUND;
    return CALLS[below(std::size(CALLS))];
  }

  void add() {
    Step step{pickOp()};
    step.literal = below(100);
    if (step.op == Step::Op::DROP || step.op == Step::Op::SHARE || step.op == Step::Op::BOUND) {
      step.a = pick(&Step::isCall, Step::LITERAL);
      if (step.a == Step::LITERAL) return;
      if (step.op == Step::Op::DROP) dropped.insert(step.a);
    } else if (step.op == Step::Op::AT || step.op == Step::Op::MAP) {
      if (!addListStep(step)) return;
    } else if (step.isCall()) {
      step.on = pick(&Step::hasObject, ~below(vats));
      if (step.op == Step::Op::JOIN) {
        step.a = pick(&Step::hasText, Step::LITERAL);
        step.b = pick(&Step::hasPoint, Step::LITERAL);
        step.c = pickList();
      } else if (step.op == Step::Op::MOVE) {
        step.a = pick(&Step::hasPoint, Step::LITERAL);
      } else if (step.op != Step::Op::FAIL && step.op != Step::Op::PAIR &&
          step.op != Step::Op::PICK) {
        step.a = pick(&Step::hasNumber, Step::LITERAL);
        if (step.op == Step::Op::ADD) step.b = pick(&Step::hasNumber, Step::LITERAL);
        if (step.op == Step::Op::ASK) step.b = pick(&Step::hasObject, ~below(vats));
      }
    }
    steps.push_back(step);
  }

  int pickList() { return pick(&Step::hasMapped, Step::LITERAL); }
  bool addListStep(Step& step) {
    step.c = pickList();
    if (step.c == Step::LITERAL) return false;
    step.literal = below(8) == 0 ? 1000 : below(2);
    if (step.op == Step::Op::AT) return true;
    step.on = pick(&Step::hasObject, ~below(vats));
    step.a = pick(&Step::hasNumber, Step::LITERAL);
    return true;
  }

  std::string object(int index) const {
    if (index < 0) return "vat" + std::to_string(~index);
    if (steps[index].op == Step::Op::PICK) return "r" + std::to_string(index);
    return "r" + std::to_string(index) + ".desk()";
  }
  std::string value(int index, const char* accessor, int literal) const {
    if (index == Step::LITERAL) return std::to_string(literal);
    return "r" + std::to_string(index) + accessor;
  }
  std::string list(int index, int literal) const {
    auto mapped = index >= 0 && steps[index].op == Step::Op::MAP;
    return value(index, mapped ? "" : ".numbers()", literal);
  }
  std::string number(int index, int literal) const {
    if (index == Step::LITERAL) return std::to_string(literal);
    switch (steps[index].op) {
      case Step::Op::MAKE:
      case Step::Op::FAIL: return value(index, ".number()", literal);
      case Step::Op::MOVE: return value(index, ".x()", literal);
      case Step::Op::PICK: return value(index, ".add(0, 0).sum()", literal);
      case Step::Op::AT:
      case Step::Op::PAIR: return value(index, "", literal);
      default: return value(index, ".sum()", literal);
    }
  }

  std::string line(int index) const {
    using Op = Step::Op;
    auto& s = steps[index];
    auto on = object(s.on);
    auto call = [&](std::string rest) {
      return "r" + std::to_string(index) + " = " + on + "." + rest;
    };
    switch (s.op) {
      case Op::ADD:
        return call("add(" + number(s.a, s.literal) + ", " + number(s.b, s.literal) + ")");
      case Op::MAKE: return call("make(" + number(s.a, s.literal) + ")");
      case Op::JOIN:
        return call("join(" + value(s.a, ".text()", s.literal) + ", " + value(s.b, "", s.literal) +
            ", " + list(s.c, s.literal) + ")");
      case Op::AT:
        return "r" + std::to_string(index) + " = " + list(s.c, 0) + ".at(" +
            std::to_string(s.literal) + ")";
      case Op::MAP:
        return "r" + std::to_string(index) + " = " + list(s.c, 0) + ".map(n: " + on + ".add(n, " +
            number(s.a, s.literal) + "))";
      case Op::PAIR:
        return call(std::string("pair(") + (s.literal % 2 ? "right" : "left") + ").pair().right()");
      case Op::PICK:
        if (!s.picksElement())
          return call(std::string("choose(") + s.member() + ").choice().first()");
        return call("desks(2).desks().at(" + std::to_string(s.element()) + ")");
      case Op::MOVE: return call("move(" + value(s.a, "", s.literal) + ")");
      case Op::FAIL: return call("fail(" + std::to_string(s.literal % 4) + ")");
      case Op::ASK: return call("ask(" + object(s.b) + ", " + number(s.a, s.literal) + ")");
      case Op::DROP: return "drop r" + std::to_string(s.a);
      case Op::SHARE: return "share r" + std::to_string(s.a);
      case Op::BOUND: return "bound r" + std::to_string(s.a);
      case Op::TURN: return "turn " + std::to_string(s.literal);
    }
    return "";
  }
};

}  // namespace troth

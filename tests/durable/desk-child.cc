// desk-child WHAT ARGUMENTS: another process that serves a desk or calls it, for tests that kill
// it.
//
//   serve STORE SOCKET OTHER EFFECTS LEASE_MS  until it is killed; says `serving`
//   ask SOCKET METHOD ID TEXT                  makes one durable call; says what it comes to
//   load SOCKET JOURNAL PREFIX                 calls until it is killed; says `.` for each outcome
//   finish SOCKET JOURNAL PREFIX               asks for what the journal leaves open, and ends
//
// The TEXT of a call is what it does, part by part. `s` is a step, which appends `ID.N VALUE` to
// the file EFFECTS and syncs it. `t` is a transaction, which makes a row ID.N, VALUE in the table
// `effects` of the store. Their value is VALUE, which no other has. `c` is a durable call of `s` on
// the desk at the socket OTHER. The outcome is the values of the parts, and then a word that each
// run of the code chooses for itself, which is also the value of a call.

#include <kj/encoding.h>
#include <sys/random.h>
#include <troth/sql.h>
#include <troth/store.h>
#include <troth/vat.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <sstream>

#include "desk.troth.h"
#include "fault-point.h"
#include "lines.h"

namespace troth {
namespace {

using desk::Desk;

constexpr auto RECONNECT_DELAY_MAX = 50 * kj::MILLISECONDS;

kj::String newWord() {
  kj::byte bytes[8];
  KJ_SYSCALL(getrandom(bytes, sizeof(bytes), 0));
  return kj::encodeHex(bytes);
}

// Written at once and whole, for the process may end at any time.
void say(kj::StringPtr what) {
  auto line = kj::str(what, '\n');
  KJ_ASSERT(write(STDOUT_FILENO, line.begin(), line.size()) == ssize_t(line.size()));
}

// ---- The server ----

class DeskServer final: public Server<Desk> {
public:
  DeskServer(kj::StringPtr effects, Ref<Desk> other): effects(effects), other(kj::mv(other)) {}

  kj::Promise<void> work(Work call) override { return act(kj::mv(call)); }
  kj::Promise<void> careful(Careful call) override { return act(kj::mv(call)); }

private:
  // Ends the parts that are asked for. What follows is what the caller knew when it asked.
  static constexpr char KNOWN = '#';

  Lines effects;
  Ref<Desk> other;

  template <typename C>
  kj::Promise<void> act(C call) {
    auto outcome = kj::str();
    auto parts = kj::str(call.text());
    for (size_t n = 0; n < parts.size() && parts[n] != KNOWN; ++n) {
      auto value = co_await carryOut(call, parts[n], kj::str(call.id(), '.', n + 1), outcome);
      outcome = kj::str(outcome, value, ' ');
    }
    faultPoint("in-code");
    call.fulfill(kj::str(outcome, newWord()));
  }

  template <typename C>
  kj::Promise<kj::String> carryOut(C& call, char part, kj::String id, kj::StringPtr known) {
    switch (part) {
      case 's':
        return call.step("act", [this, id = kj::mv(id)]() {
          auto word = newWord();
          effects.append(id, ' ', word);
          return word;
        });
      case 't':
        return call.transaction([id = kj::mv(id)](Sql& sql) -> kj::Promise<kj::String> {
          auto word = newWord();
          co_await sql.run("INSERT INTO effects VALUES ($1, $2)", id.asPtr(), word.asPtr());
          co_return word;
        });
      case 'c':
        return other.work(kj::str("s", KNOWN, known))
            .durable(call)
            .text()
            .then([](kj::StringPtr outcome) { return kj::str(lastWordOf(outcome)); });
      default: KJ_FAIL_REQUIRE("there is no such part", part);
    }
  }

  static kj::StringPtr lastWordOf(kj::StringPtr text) {
    return text.slice(KJ_ASSERT_NONNULL(text.findLast(' ')) + 1);
  }
};

SturdyRef deskAt(kj::StringPtr socket) {
  SturdyRef address;
  address.host = kj::str("unix:", socket);
  address.name = kj::str("desk");
  return address;
}

void serve(kj::StringPtr location, kj::StringPtr socket, kj::StringPtr other, kj::StringPtr effects,
    int lease_ms) {
  Loop loop;
  unlink(socket.cStr());
  VatOptions options;
  options.loop = loop;
  auto store = openStore(location);
  store->execute(kj::str("CREATE TABLE IF NOT EXISTS effects (id text, value text)"))
      .wait(loop.waitScope());
  options.store = kj::mv(store);
  options.durable.lease = lease_ms * kj::MILLISECONDS;
  options.durable.retryDelayFirst = 1 * kj::MILLISECONDS;
  options.reconnect.delayMax = RECONNECT_DELAY_MAX;
  Vat vat(kj::mv(options));
  vat.serve("desk", kj::heap<DeskServer>(effects, vat.restore<Desk>(deskAt(other))));
  vat.listen(kj::str("unix:", socket)).wait(vat);
  say("serving");
  kj::NEVER_DONE.wait(vat);
}

// ---- Its callers ----

class Customer {
public:
  explicit Customer(kj::StringPtr socket): vat(optionsFor(loop)) {
    desk = vat.restore<Desk>(deskAt(socket));
  }

  kj::Promise<kj::String> work(kj::StringPtr id, kj::StringPtr text) {
    return copyOf(desk->work(text).durable(id).text());
  }
  kj::Promise<kj::String> careful(kj::StringPtr id, kj::StringPtr text) {
    return copyOf(desk->careful(text).durable(id).text());
  }

  Loop loop;
  Vat vat;

private:
  std::optional<Ref<Desk>> desk;

  template <typename P>
  static kj::Promise<kj::String> copyOf(P promise) {
    co_return kj::str(co_await promise);
  }

  static VatOptions optionsFor(Loop& loop) {
    VatOptions options;
    options.loop = loop;
    options.reconnect.delayMax = RECONNECT_DELAY_MAX;
    return options;
  }
};

void ask(kj::StringPtr socket, kj::StringPtr method, kj::StringPtr id, kj::StringPtr text) {
  Customer customer(socket);
  auto outcome = method == "work" ? customer.work(id, text) : customer.careful(id, text);
  say(outcome.wait(customer.vat));
}

// Keeps in a journal what was asked for, as `ask ID TEXT`, before it is, and then `got ID OUTCOME`.
class Journal {
public:
  explicit Journal(kj::StringPtr path): lines(path) {
    for (auto& line: readLines(path)) read(line);
  }

  struct Call {
    std::string text;
    bool isOpen;
  };

  void ask(kj::StringPtr id, kj::StringPtr text) {
    if (calls.insert({id.cStr(), Call{text.cStr(), true}}).second)
      lines.append("ask ", id, ' ', text);
  }
  void get(kj::StringPtr id, kj::StringPtr outcome) {
    lines.append("got ", id, ' ', outcome);
    calls.at(id.cStr()).isOpen = false;
  }
  bool has(kj::StringPtr id) const {
    auto found = calls.find(id.cStr());
    return found != calls.end() && !found->second.isOpen;
  }
  const std::map<std::string, Call>& all() const { return calls; }

private:
  std::map<std::string, Call> calls;
  Lines lines;

  void read(const std::string& line) {
    std::istringstream words(line);
    std::string what, id, text;
    words >> what >> id >> text;
    if (what == "ask") calls[id] = Call{text, true};
    if (what == "got") calls.at(id).isOpen = false;
  }
};

class Load {
public:
  static constexpr int CALLERS = 6;
  static constexpr kj::StringPtr TEXTS[] = {"ss"_kj, "sts"_kj, "sc"_kj, "tcs"_kj};

  Load(kj::StringPtr socket, kj::StringPtr journal, kj::StringPtr prefix)
      : customer(socket), journal(journal), prefix(prefix) {}

  void run() {
    auto callers = kj::heapArrayBuilder<kj::Promise<void>>(CALLERS);
    for (int n = 0; n < CALLERS; ++n) callers.add(callInTurn(n));
    kj::joinPromises(callers.finish()).wait(customer.vat);
  }

  void finish() {
    kj::Vector<kj::Promise<void>> open;
    for (auto& [id, call]: journal.all()) {
      if (call.isOpen) open.add(callOnce(kj::str(id.c_str()), kj::str(call.text.c_str())));
    }
    kj::joinPromises(open.releaseAsArray()).wait(customer.vat);
  }

private:
  Customer customer;
  Journal journal;
  kj::StringPtr prefix;

  kj::Promise<void> callInTurn(int caller) {
    for (int i = 0;; ++i) {
      auto id = kj::str(prefix, caller, '-', i);
      if (!journal.has(id)) co_await callOnce(kj::mv(id), kj::str(TEXTS[i % kj::size(TEXTS)]));
    }
  }

  kj::Promise<void> callOnce(kj::String id, kj::String text) {
    journal.ask(id, text);
    auto outcome = co_await customer.work(id, text);
    journal.get(id, outcome);
    say(".");
  }
};

int run(int argc, char* argv[]) {
  kj::StringPtr what = argc > 1 ? argv[1] : "";
  auto argument = [&](int n) { return kj::StringPtr(argv[n + 1]); };
  if (what == "serve" && argc == 7) {
    serve(argument(1), argument(2), argument(3), argument(4), argument(5).parseAs<int>());
  } else if (what == "ask" && argc == 6) {
    ask(argument(1), argument(2), argument(3), argument(4));
  } else if (what == "load" && argc == 5) {
    Load(argument(1), argument(2), argument(3)).run();
  } else if (what == "finish" && argc == 5) {
    Load(argument(1), argument(2), argument(3)).finish();
  } else {
    KJ_FAIL_REQUIRE("see the top of this file");
  }
  return 0;
}

}  // namespace
}  // namespace troth

int main(int argc, char* argv[]) { return troth::run(argc, argv); }

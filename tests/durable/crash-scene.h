#pragma once
// Processes that serve a desk and call it, and what can be seen of them from outside: their output,
// the records, and what the steps of their calls have done.

#include <gtest/gtest.h>
#include <troth/loop.h>
#include <troth/store.h>

#include <map>
#include <string>
#include <vector>

#include "child-process.h"
#include "temporary-folder.h"

namespace troth {

// Where calls are recorded. Each program that links these tests has one kind.
class Ground {
public:
  virtual ~Ground() noexcept(false) = default;

  // An empty store, as openStore() takes it.
  virtual kj::String newLocation(const TemporaryFolder& folder) = 0;

  // The database, if it is a process of its own.
  virtual bool hasDatabase() const { return false; }
  virtual void killDatabase() {}
  virtual void startDatabase() {}
};
Ground& ground();

using Words = std::vector<std::string>;
Words wordsOf(const std::string& text);

// What wait() of a ChildProcess gives for one that was killed.
constexpr int KILLED = 128 + SIGKILL;

constexpr int LONG_LEASE_MS = 10000;

// A server to start. The other desk of number 0 is that of number 1; of all others, that of 0.
struct Serve {
  // TROTH_FAULT=… or TROTH_STOP=…, see fault-point.h.
  kj::StringPtr fault = "TROTH_FAULT=";
  int server = 1;
  int lease_ms = LONG_LEASE_MS;
};

// A call to make.
struct Ask {
  // What it does, see desk-child.cc.
  kj::StringPtr text = "ss";

  // `careful` is recorded before its code starts.
  kj::StringPtr method = "work";
  kj::StringPtr id = "w";
  int server = 1;
};

class CrashTest: public testing::Test {
protected:
  CrashTest();
  ~CrashTest() noexcept override = default;

  // Starts a server, and returns when it listens.
  kj::Own<ChildProcess> serve(Serve how);
  kj::Own<ChildProcess> serve() { return serve(Serve{}); }
  kj::Own<ChildProcess> serve(kj::StringPtr fault) { return serve(Serve{.fault = fault}); }

  // Starts a caller, who prints the outcome.
  kj::Own<ChildProcess> ask(Ask what);
  kj::Own<ChildProcess> ask() { return ask(Ask{}); }

  // The outcome for one who asks now.
  std::string outcomeFor(Ask what = {});

  kj::String socketOf(int server) { return folder.file(kj::str("desk-", server, ".sock")); }
  kj::String file(kj::StringPtr name) { return folder.file(name); }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }
  kj::Maybe<Record> find(kj::StringPtr id = "w") { return wait(getStore().find(id)); }
  Record get(kj::StringPtr id = "w");

  // That of the call when it has settled, without anybody asking.
  std::string settledOutcome(kj::StringPtr id = "w");

  // The call has been fulfilled by whoever held its lease as the `epoch`th.
  void expectFulfilled(uint64_t epoch);

  // What has been done for each step, by the step's id.
  std::map<std::string, Words> effects();

  // The outcome is the recorded one, made of the recorded values of the steps, and each of those is
  // something that its step has done. There were so many effects of the steps.
  void expectWhole(const std::string& outcome, const std::vector<size_t>& effectCounts);

  static std::string outcomeOf(const Record& record);
  static std::string askedOf(const Record& call);
  static std::string valueOf(const Record& step);

  // The loop stands still while a test waits for a process, and so does the time of its timer.
  Store& getStore() {
    loop.waitScope().poll();
    return *store;
  }

  TemporaryFolder folder;
  kj::String location;
  Loop loop;

private:
  kj::Own<Store> store;
};

}  // namespace troth

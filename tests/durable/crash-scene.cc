#include "crash-scene.h"

#include <troth/stored-message.h>

#include <algorithm>
#include <sstream>

#include "desk.troth.h"
#include "lines.h"

namespace troth {
namespace {

constexpr kj::StringPtr CHILD = TROTH_DESK_CHILD ""_kj;
constexpr kj::StringPtr ENV = "/usr/bin/env"_kj;

}  // namespace

Words wordsOf(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

CrashTest::CrashTest(): location(ground().newLocation(folder)), store(openStore(location)) {}

kj::Own<ChildProcess> CrashTest::serve(Serve how) {
  auto child = kj::heap<ChildProcess>(std::initializer_list<kj::StringPtr>{ENV, how.fault, CHILD,
      "serve", location, socketOf(how.server), socketOf(how.server == 0 ? 1 : 0), file("effects"),
      kj::str(how.lease_ms)});
  KJ_REQUIRE(child->readLine() == "serving", "the server has not started");
  return child;
}

kj::Own<ChildProcess> CrashTest::ask(Ask what) {
  return kj::heap<ChildProcess>(std::initializer_list<kj::StringPtr>{
      CHILD, "ask", socketOf(what.server), what.method, what.id, what.text});
}

std::string CrashTest::outcomeFor(Ask what) { return ask(what)->readLine(); }

Record CrashTest::get(kj::StringPtr id) {
  auto record = find(id);
  return kj::mv(KJ_REQUIRE_NONNULL(record, "there is no such record", id));
}

std::string CrashTest::settledOutcome(kj::StringPtr id) {
  return outcomeOf(wait(getStore().whenSettled(id)));
}

void CrashTest::expectFulfilled(uint64_t epoch) {
  auto record = get();
  EXPECT_EQ(PromiseState::FULFILLED, record.state);
  EXPECT_EQ(epoch, record.epoch);
}

std::map<std::string, Words> CrashTest::effects() {
  std::map<std::string, Words> effects;
  for (auto& line: readLines(file("effects"))) {
    auto words = wordsOf(line);
    effects[words[0]].push_back(words[1]);
  }
  return effects;
}

void CrashTest::expectWhole(const std::string& outcome, const std::vector<size_t>& effectCounts) {
  EXPECT_EQ(outcomeOf(get()), outcome);
  auto words = wordsOf(outcome);
  auto done = effects();
  ASSERT_EQ(effectCounts.size() + 1, words.size());
  for (size_t i = 0; i < effectCounts.size(); ++i) {
    auto id = kj::str("w.", i + 1);
    SCOPED_TRACE(id.cStr());
    EXPECT_EQ(valueOf(get(id)), words[i]);
    auto& values = done[id.cStr()];
    EXPECT_EQ(effectCounts[i], values.size());
    EXPECT_EQ(1, std::count(values.begin(), values.end(), words[i]));
  }
}

std::string CrashTest::outcomeOf(const Record& record) {
  KJ_REQUIRE(record.state == PromiseState::FULFILLED, record.id, nameOf(record.state));
  return StoredMessage(record.value).content().getAs<desk::Desk::WorkResults>().getText().cStr();
}

std::string CrashTest::askedOf(const Record& call) {
  return StoredMessage(call.call.params).content().getAs<desk::Desk::WorkParams>().getText().cStr();
}

std::string CrashTest::valueOf(const Record& step) {
  KJ_REQUIRE(step.state == PromiseState::FULFILLED, step.id, nameOf(step.state));
  return StoredMessage(step.value).content().getAs<capnp::Text>().cStr();
}

}  // namespace troth

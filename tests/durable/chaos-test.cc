// Servers, callers and the database die at random instants, alone and together, while two callers
// ask two servers for the same calls.
//
// TROTH_KILLS sets how many processes are killed.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

#include "crash-scene.h"

namespace troth {
namespace {

class CrashChaos: public CrashTest {
protected:
  ~CrashChaos() noexcept override = default;

  static constexpr int SIDES = 2;
  static constexpr int LEASE_MS = 2000;
  static constexpr int PATIENCE_MS = 60000;

  struct Counts {
    int servers = 0, callers = 0, databases = 0;
    int all() const { return servers + callers + databases; }
  };

  kj::Own<ChildProcess> servers[SIDES], callers[SIDES];
  Counts killed;
  std::mt19937 random{1};

  void startServer(int side) { servers[side] = serve({.server = side, .lease_ms = LEASE_MS}); }
  void startCaller(int side, kj::StringPtr what = "load") {
    callers[side] = kj::heap<ChildProcess>(std::initializer_list<kj::StringPtr>{
        TROTH_DESK_CHILD ""_kj, what, socketOf(side), journalOf(side), "c"});
  }
  kj::String journalOf(int side) { return file(kj::str("journal-", side)); }

  // Until a caller has got so many outcomes.
  void awaitOutcomes(int side, int count) {
    for (int i = 0; i < count; ++i) {
      KJ_REQUIRE(callers[side]->hasLine(PATIENCE_MS), "a caller waits for ever", side);
      KJ_REQUIRE(callers[side]->readLine() == ".", "a caller has failed", side);
    }
  }

  void pause() { usleep(random() % 20000); }

  // Kills one process, or several of them, and starts them again.
  void harm() {
    auto victims = 1 + random() % 15;
    bool database = ground().hasDatabase() && random() % 5 == 0;
    if (database) victims &= random();
    for (int side = 0; side < SIDES; ++side) {
      if (victims >> side & 1) servers[side]->kill(), ++killed.servers;
      if (victims >> side & 4) callers[side]->kill(), ++killed.callers;
    }
    if (database) ground().killDatabase(), ++killed.databases;
    pause();
    if (database) ground().startDatabase();
    for (int side = 0; side < SIDES; ++side) {
      if (victims >> side & 1) startServer(side);
      if (victims >> side & 4) startCaller(side);
    }
  }

  // What is pending settles, though nobody asks for it any more; and then everything that was ever
  // asked for.
  void comeToRest() {
    for (auto& caller: callers) caller->kill();
    for (auto& [id, record]: readAll()) {
      if (!record.isSettled()) wait(getStore().whenSettled(record.id));
    }
    for (int side = 0; side < SIDES; ++side) startCaller(side, "finish");
    for (int side = 0; side < SIDES; ++side) EXPECT_EQ(0, callers[side]->wait());
  }

  using Records = std::map<std::string, Record>;
  Records readAll() {
    Records records;
    kj::Maybe<kj::String> after;
    do {
      auto page =
          wait(getStore().search({.recordsMax = Store::PAGE_RECORDS_MAX, .after = kj::mv(after)}));
      for (auto& record: page.records) records.emplace(record.id.cStr(), kj::mv(record));
      after = kj::mv(page.next);
    } while (after != nullptr);
    return records;
  }

  // By id, what its callers have been told; nothing, as long as they have not.
  using Told = std::map<std::string, std::vector<std::string>>;
  Told readJournals() {
    Told told;
    for (int side = 0; side < SIDES; ++side) {
      std::ifstream journal(journalOf(side).cStr());
      for (std::string line; std::getline(journal, line);) {
        std::istringstream words(line);
        std::string what, id, outcome;
        words >> what >> id >> std::ws;
        std::getline(words, outcome);
        auto& outcomes = told[id];
        if (what == "got") outcomes.push_back(outcome);
      }
    }
    return told;
  }

  // One outcome, the same for all, whose parts are what the steps have recorded; and each step has
  // acted, at least once.
  void expectOne(const std::string& id, const std::vector<std::string>& told,
      const Records& records, const std::map<std::string, Words>& done) {
    SCOPED_TRACE(id);
    auto found = records.find(id);
    ASSERT_TRUE(found != records.end()) << "lost";
    auto outcome = outcomeOf(found->second);
    EXPECT_FALSE(told.empty());
    for (auto& other: told) EXPECT_EQ(outcome, other);
    auto words = wordsOf(outcome);
    ASSERT_TRUE(words.size() == 3 || words.size() == 4) << outcome;
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      auto step = id + "." + std::to_string(i + 1);
      auto record = records.find(step);
      ASSERT_TRUE(record != records.end()) << "lost: " << step;
      EXPECT_EQ(valueOf(record->second), words[i]);
      auto effects = done.find(step);
      ASSERT_TRUE(effects != done.end()) << "never done: " << step;
      EXPECT_EQ(1, std::count(effects->second.begin(), effects->second.end(), words[i]));
    }
  }

  void expectAll() {
    auto records = readAll();
    auto told = readJournals();
    auto done = effects();
    for (auto& [id, outcomes]: told) expectOne(id, outcomes, records, done);
    for (auto& [id, record]: records) {
      EXPECT_TRUE(record.isSettled()) << id;
      if (record.parent == nullptr) EXPECT_EQ(1u, told.count(id)) << id << " came from nowhere";
    }
    size_t runAgain = 0, repeated = 0;
    for (auto& [id, record]: records) runAgain += record.epoch > 1;
    for (auto& [step, values]: done) repeated += values.size() > 1;
    std::cout << killed.servers << " servers, " << killed.callers << " callers and "
              << killed.databases << " databases killed; " << told.size() << " calls, of which "
              << runAgain << " ran again; " << repeated << " effects repeated\n";
  }
};

TEST_F(CrashChaos, LosesNothingAndSettlesNothingTwice) {
  for (int side = 0; side < SIDES; ++side) startServer(side), startCaller(side);
  for (int kills = killCount(60); killed.all() < kills;) {
    for (int side = 0; side < SIDES; ++side) awaitOutcomes(side, random() % 8);
    pause();
    harm();
  }
  for (int side = 0; side < SIDES; ++side) awaitOutcomes(side, 20);
  comeToRest();
  expectAll();
}

}  // namespace
}  // namespace troth

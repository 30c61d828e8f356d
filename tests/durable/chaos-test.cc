// Servers, callers and the database die at random instants, alone and together, while two callers
// ask two servers for the same calls, with steps, transactions, and calls of the other server.
//
// TROTH_KILLS sets how many processes are killed.

#include <algorithm>
#include <iostream>
#include <random>
#include <sstream>

#include <troth/sql.h>

#include "crash-scene.h"
#include "lines.h"

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

  // What a call does, and what its callers have been told of it; nothing, as long as they have not.
  struct Told {
    std::string text;
    std::vector<std::string> outcomes;
  };
  std::map<std::string, Told> readJournals() {
    std::map<std::string, Told> told;
    for (int side = 0; side < SIDES; ++side) {
      for (auto& line: readLines(journalOf(side))) {
        std::istringstream words(line);
        std::string what, id, outcome;
        words >> what >> id >> std::ws;
        std::getline(words, outcome);
        if (what == "ask") told[id].text = outcome;
        if (what == "got") told[id].outcomes.push_back(outcome);
      }
    }
    return told;
  }

  // By id of the part, the rows that transactions have made.
  using Effects = std::map<std::string, Words>;
  Effects readTable() {
    Effects rows;
    TransactRequest request{.record = {.id = kj::str("reading")}};
    wait(getStore().transact(
        kj::mv(request), [&](Sql& sql) -> kj::Promise<kj::Array<const kj::byte>> {
          auto found = co_await sql.run("SELECT id, value FROM effects");
          for (size_t row = 0; row < found.rows(); ++row) {
            rows[found.asText(row, 0).cStr()].push_back(found.asText(row, 1).cStr());
          }
          co_return nullptr;
        }));
    return rows;
  }

  // One outcome, the same for all, whose parts are what is recorded of them. A step has acted with
  // that, if not only with that; a transaction with nothing else. Another server was told nothing
  // but that.
  void expectOne(const std::string& id, const std::string& text, const Records& records,
      const Effects& done, const Effects& table) {
    SCOPED_TRACE(id);
    auto found = records.find(id);
    ASSERT_TRUE(found != records.end()) << "lost";
    auto words = wordsOf(outcomeOf(found->second));
    ASSERT_EQ(text.size() + 1, words.size());
    for (size_t i = 0; i < text.size(); ++i) {
      auto part = id + "." + std::to_string(i + 1);
      SCOPED_TRACE(part);
      auto record = records.find(part);
      ASSERT_TRUE(record != records.end()) << "lost";
      if (text[i] == 'c') {
        std::string known;
        for (size_t before = 0; before < i; ++before) known += words[before] + " ";
        EXPECT_EQ("s#" + known, askedOf(record->second));
        expectOne(part, "s", records, done, table);
        EXPECT_EQ(wordsOf(outcomeOf(record->second)).back(), words[i]);
        continue;
      }
      EXPECT_EQ(valueOf(record->second), words[i]);
      auto& all = text[i] == 's' ? done : table;
      auto effects = all.find(part);
      ASSERT_TRUE(effects != all.end()) << "never done";
      if (text[i] == 't') EXPECT_EQ(1u, effects->second.size());
      EXPECT_EQ(1, std::count(effects->second.begin(), effects->second.end(), words[i]));
    }
  }

  void expectAll() {
    auto records = readAll();
    auto told = readJournals();
    auto done = effects();
    auto table = readTable();
    for (auto& [id, call]: told) {
      expectOne(id, call.text, records, done, table);
      EXPECT_FALSE(call.outcomes.empty()) << id;
      for (auto& outcome: call.outcomes) EXPECT_EQ(outcomeOf(records.at(id)), outcome) << id;
    }
    for (auto& [id, record]: records) {
      EXPECT_TRUE(record.isSettled()) << id;
      if (record.parent == nullptr) EXPECT_EQ(1u, told.count(id)) << id << " came from nowhere";
    }
    size_t runAgain = 0, repeated = 0;
    for (auto& [id, record]: records) runAgain += record.epoch > 1;
    for (auto& [step, values]: done) repeated += values.size() > 1;
    std::cout << killed.servers << " servers, " << killed.callers << " callers and "
              << killed.databases << " databases killed; " << told.size() << " calls, of which "
              << runAgain << " ran again; " << repeated << " steps repeated, none of "
              << table.size() << " transactions\n";
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

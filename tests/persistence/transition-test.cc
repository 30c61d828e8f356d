// The rule book does what docs/reference/promise-states.md says: cell by cell, before, at and after
// the deadline.

#include <set>

#include "promise-states.h"

namespace troth {
namespace {

using Kind = StateRow::Kind;
using Write = Verdict::Write;

// What a cell of the tables says.
struct Expected {
  Write write = Write::NONE;

  // The state of the record that is the reply; empty if it is the record as it was.
  std::string state;

  // Empty if the request is accepted.
  std::string reason;
};

Expected parseCell(std::string cell) {
  Expected expected;
  auto takeOff = [&](const std::string& sign) {
    if (cell.compare(0, sign.size(), sign) != 0) return false;
    cell.erase(0, sign.size());
    return true;
  };
  if (takeOff("+ ")) {
    expected.write = Write::INSERT;
  } else if (takeOff("→ ")) {
    expected.write = Write::UPDATE;
  } else if (takeOff("✗ ")) {
    expected.reason = cell;
    return expected;
  } else if (takeOff("=")) {
    KJ_REQUIRE(cell.empty(), "this cell says too much", cell.c_str());
    return expected;
  } else {
    KJ_REQUIRE(takeOff("~ "), "this cell says nothing that the document explains", cell.c_str());
  }
  auto refusal = cell.find(" ✗ ");
  expected.state = cell.substr(0, refusal);
  if (refusal != std::string::npos) expected.reason = cell.substr(refusal + strlen(" ✗ "));
  return expected;
}

// Which row holds for a record of `row` whose deadline, or that of the request, is as given.
std::string rowThatHolds(const StateRow& row, kj::Maybe<kj::Date> deadline) {
  bool passed = false;
  KJ_IF_MAYBE(d, deadline) passed = *d <= NOW;
  if (!passed || row.kind == Kind::SETTLED) return row.name;
  return row.kind == Kind::ABSENT ? "absent, late" : "overdue";
}

void expectCell(const std::string& cell, const StateRow& row, const RequestColumn& column,
    kj::Maybe<kj::Date> deadline) {
  auto request = column.make(row, deadline);
  auto before = recordOf(row, deadline);
  auto record = recordOf(row, deadline);
  auto verdict = transition(record, request, NOW);
  auto expected = parseCell(cell);

  EXPECT_EQ(verdict.write, expected.write);
  KJ_IF_MAYBE(refusal, verdict.refusal) {
    EXPECT_EQ(reasonOf(*refusal), expected.reason);
    EXPECT_EQ(refusal->getType(), kj::Exception::Type::FAILED);
  } else {
    EXPECT_EQ(expected.reason, "");
  }
  if (expected.state.empty()) {
    EXPECT_EQ(show(record), show(before));
  } else {
    EXPECT_EQ(stateOf(KJ_ASSERT_NONNULL(record), NOW), expected.state);
  }
}

// No deadline; then before it, at it, after it.
const kj::Maybe<kj::Date> DEADLINES[] = {
    nullptr, NOW + MICROSECOND, NOW, NOW - MICROSECOND, NOW - 1 * kj::HOURS};

TEST(PromiseStates, TheRulesAreThoseOfTheDocument) {
  auto table = readStateTable();
  for (auto& row: stateRows()) {
    for (auto& column: requestColumns()) {
      if (table.at({row.name, column.name}) == "–") {
        thrownBy([&]() { column.make(row, nullptr); });
        continue;
      }
      for (auto& deadline: DEADLINES) {
        auto name = rowThatHolds(row, deadline);
        SCOPED_TRACE(kj::str(row.name.c_str(), " (", name.c_str(), "), ", column.name.c_str(),
            ", deadline ", showTime(deadline))
                         .cStr());
        expectCell(table.at({name, column.name}), row, column, deadline);
      }
    }
  }
}

TEST(PromiseStates, TheDocumentHasNoStatesOrRequestsOfItsOwn) {
  std::set<std::string> rows = {"absent, late", "overdue"};
  std::set<std::string> columns;
  for (auto& row: stateRows()) rows.insert(row.name);
  for (auto& column: requestColumns()) columns.insert(column.name);
  auto table = readStateTable();
  EXPECT_EQ(table.size(), rows.size() * columns.size());
  for (auto& [cell, text]: table) {
    EXPECT_EQ(rows.count(cell.first), 1) << cell.first;
    EXPECT_EQ(columns.count(cell.second), 1) << cell.second;
  }
}

// ---- What the tables do not show ----

const StateRow& rowNamed(const std::string& name) {
  for (auto& row: stateRows()) {
    if (row.name == name) return row;
  }
  KJ_FAIL_REQUIRE("no such row", name.c_str());
}

const RequestColumn& columnNamed(const std::string& name) {
  for (auto& column: requestColumns()) {
    if (column.name == name) return column;
  }
  KJ_FAIL_REQUIRE("no such column", name.c_str());
}

// The record of `row` after the request of `column`.
Record after(const std::string& row, const std::string& column, kj::Date now = NOW,
    kj::Maybe<kj::Date> deadline = nullptr) {
  auto record = recordOf(rowNamed(row), deadline);
  auto verdict = transition(record, columnNamed(column).make(rowNamed(row), deadline), now);
  KJ_IF_MAYBE(refusal, verdict.refusal) ADD_FAILURE() << refusal->getDescription().cStr();
  return kj::mv(KJ_ASSERT_NONNULL(record));
}

TEST(Transition, ANewRecordIsWhatWasAskedFor) {
  auto record = after("absent", "create", NOW, NOW + 1 * kj::HOURS);
  EXPECT_EQ(record.id, "p");
  EXPECT_EQ(record.call.target, "bank");
  EXPECT_EQ(record.call.interfaceId, 0xfedcba9876543210);
  EXPECT_EQ(record.call.methodId, 2);
  EXPECT_EQ(record.call.params, bytesOf("params"));
  EXPECT_EQ(record.digest.size(), DIGEST_BYTES);
  EXPECT_EQ(kj::strArray(record.tags, ","), "blue,red");
  EXPECT_TRUE(record.created == NOW);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.due) == NOW);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.deadline) == NOW + 1 * kj::HOURS);
  EXPECT_TRUE(record.settled == nullptr);
}

TEST(Transition, ASettledRecordHasItsOutcomeAndTheTimeOfTheRequest) {
  auto fulfilled = after("leased 3", "fulfill, epoch 3");
  EXPECT_EQ(fulfilled.value, bytesOf("yes"));
  EXPECT_TRUE(KJ_ASSERT_NONNULL(fulfilled.settled) == NOW);
  EXPECT_TRUE(fulfilled.lease == nullptr);
  EXPECT_TRUE(fulfilled.due == nullptr);
  EXPECT_EQ(fulfilled.epoch, 3);

  auto rejected = after("leased 3", "reject");
  auto& error = KJ_ASSERT_NONNULL(rejected.error);
  EXPECT_EQ(error.type, kj::Exception::Type::OVERLOADED);
  EXPECT_EQ(error.text, "no");
  EXPECT_EQ(rejected.value.size(), 0);
}

TEST(Transition, AnOverdueRecordSettledAtItsDeadlineWhoeverNoticesWhenever) {
  auto deadline = NOW + 1 * kj::SECONDS;
  for (auto late: {0 * kj::SECONDS, 1 * kj::MICROSECONDS, 3 * kj::DAYS}) {
    for (auto column: {"find", "expire", "await", "fulfill", "renew 3"}) {
      auto record = after("leased 3", column, deadline + late, deadline);
      EXPECT_EQ(record.state, PromiseState::TIMEDOUT);
      EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == deadline);
      EXPECT_EQ(record.value.size(), 0);
      EXPECT_TRUE(record.lease == nullptr);
      EXPECT_TRUE(record.due == nullptr);
    }
  }
}

TEST(Transition, ARecordMadeAfterItsDeadlineSettledWhenItWasMade) {
  auto record = after("absent", "create, lease", NOW, NOW - 1 * kj::HOURS);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(record.settled) == NOW);
  EXPECT_TRUE(record.lease == nullptr);
  EXPECT_TRUE(record.due == nullptr);
  EXPECT_EQ(record.epoch, 0);
}

TEST(Transition, ALeaseLastsAsLongAsAskedForAndIsDueWhenItExpires) {
  for (auto column: {"take", "create, lease"}) {
    auto record = after("due", column);
    auto& lease = KJ_ASSERT_NONNULL(record.lease);
    EXPECT_EQ(lease.owner, "taker");
    EXPECT_TRUE(lease.expires == NOW + LEASE);
    EXPECT_TRUE(KJ_ASSERT_NONNULL(record.due) == NOW + LEASE);
  }
  auto renewed = after("expired 3", "renew 3", NOW + 1 * kj::SECONDS);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(renewed.lease).expires == NOW + 1 * kj::SECONDS + LEASE);
  auto released = after("leased 3", "release 3, delay");
  EXPECT_TRUE(KJ_ASSERT_NONNULL(released.due) == NOW + 5 * kj::SECONDS);
}

TEST(Transition, TimesThatItWritesAreWholeMicroseconds) {
  auto odd = LEASE + 1500 * kj::NANOSECONDS;
  auto whole = NOW + LEASE + 1 * kj::MICROSECONDS;
  auto record = recordOf(rowNamed("due"), nullptr);
  transition(record, TakeRequest{kj::str("p"), {kj::str("holder"), odd}}, NOW);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(KJ_ASSERT_NONNULL(record).due) == whole);
  transition(record, RenewRequest{kj::str("p"), 1, {kj::str("holder"), odd}}, NOW);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(KJ_ASSERT_NONNULL(record).lease).expires == whole);
  transition(record, ReleaseRequest{kj::str("p"), 1, kj::str("holder"), odd}, NOW);
  EXPECT_TRUE(KJ_ASSERT_NONNULL(KJ_ASSERT_NONNULL(record).due) == whole);
}

TEST(Transition, ARefusalShowsWhatStandsAndWhatWasAskedFor) {
  auto refusalOf = [](const std::string& row, const std::string& column) {
    auto record = recordOf(rowNamed(row), nullptr);
    auto verdict = transition(record, columnNamed(column).make(rowNamed(row), nullptr), NOW);
    return kj::str(KJ_ASSERT_NONNULL(verdict.refusal).getDescription());
  };
  auto taken = refusalOf("due", "create differing");
  EXPECT_MENTIONS(taken, "the id \"p\" is taken: it stands for method 2 of interface 0xfedcba98");
  EXPECT_MENTIONS(taken, "on \"bank\", 6 bytes of parameters");
  EXPECT_MENTIONS(taken, "asked for was method 2");
  EXPECT_MENTIONS(taken, "12 bytes of parameters");
  auto lost = refusalOf("leased 3", "fulfill, epoch 2");
  EXPECT_MENTIONS(lost, "epoch 2 is over, the record is at 3 and \"holder\" holds it");
  auto settled = refusalOf("fulfilled", "reject, strict");
  EXPECT_MENTIONS(settled, "is fulfilled already, and cannot be rejected");
  EXPECT_MENTIONS(refusalOf("absent", "fulfill"), "there is no promise \"p\"");
}

// ---- Children ----

Record parentWith(kj::Maybe<kj::String> root, kj::Maybe<kj::Date> deadline) {
  Record parent;
  parent.id = kj::str("parent");
  parent.root = kj::mv(root);
  parent.deadline = deadline;
  return parent;
}

kj::Maybe<kj::Date> deadlineOfChild(kj::Maybe<kj::Date> own, kj::Maybe<kj::Date> bound) {
  Creation creation{
      .request = {.id = kj::str("child"), .deadline = own}, .digest = nullptr, .root = nullptr};
  adopt(creation, parentWith(nullptr, bound));
  return creation.request.deadline;
}

TEST(Adopt, AChildIsDoneNoLaterThanItsParent) {
  kj::Maybe<kj::Date> early = NOW, late = NOW + MICROSECOND, none;
  EXPECT_TRUE(deadlineOfChild(late, early) == early);
  EXPECT_TRUE(deadlineOfChild(early, late) == early);
  EXPECT_TRUE(deadlineOfChild(early, early) == early);
  EXPECT_TRUE(deadlineOfChild(none, early) == early);
  EXPECT_TRUE(deadlineOfChild(early, none) == early);
  EXPECT_TRUE(deadlineOfChild(none, none) == nullptr);
}

TEST(Adopt, AChildIsOfTheTreeOfItsParent) {
  Creation child, grandchild;
  adopt(child, parentWith(nullptr, nullptr));
  EXPECT_EQ(KJ_ASSERT_NONNULL(child.root), "parent");
  adopt(grandchild, parentWith(kj::str("top"), nullptr));
  EXPECT_EQ(KJ_ASSERT_NONNULL(grandchild.root), "top");
}

}  // namespace
}  // namespace troth

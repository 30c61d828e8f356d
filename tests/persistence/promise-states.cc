#include "promise-states.h"

#include <fstream>
#include <sstream>

namespace troth {
namespace {

using Kind = StateRow::Kind;
using Target = StateRow::Target;

std::vector<std::string> cellsOf(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream rest(line.substr(1));
  for (std::string cell; std::getline(rest, cell, '|');) {
    auto first = cell.find_first_not_of(' ');
    auto last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

// ---- Rows ----

void leaseUntil(Record& record, kj::Date expires) {
  record.epoch = 3;
  record.lease = Lease{kj::str("holder"), expires};
  record.due = expires;
}

void settleAs(Record& record, PromiseState state) {
  record.state = state;
  record.settled = NOW - 7 * kj::SECONDS;
  record.due = nullptr;
  record.epoch = 3;
  if (state == PromiseState::FULFILLED) record.value = bytesOf("yes");
  if (state == PromiseState::REJECTED || state == PromiseState::CANCELED) {
    record.error = PromiseError{kj::Exception::Type::OVERLOADED, kj::str("no")};
  }
}

StateRow pending(std::string name, std::function<void(Record&)> change) {
  return {kj::mv(name), Kind::PENDING, Target::NAMED, kj::mv(change)};
}

StateRow settledAs(PromiseState state) {
  return {nameOf(state).cStr(), Kind::SETTLED, Target::NAMED,
      [state](Record& record) { settleAs(record, state); }};
}

// ---- Columns ----

CreateRequest creationFor(const StateRow& row, kj::Maybe<kj::Date> deadline) {
  CreateRequest request;
  request.id = kj::str("p");
  request.call.target = kj::str(row.target == Target::NAMED ? "bank" : "");
  request.call.interfaceId = 0xfedcba9876543210;
  request.call.methodId = 2;
  request.call.params = bytesOf("params");
  request.deadline = deadline;
  request.tags = kj::arr(kj::str("red"), kj::str("blue"));
  return request;
}

RequestColumn create(std::string name, std::vector<void (*)(CreateRequest&)> changes) {
  return {kj::mv(name), [changes](const StateRow& row, kj::Maybe<kj::Date> deadline) {
            auto request = creationFor(row, deadline);
            for (auto change: changes) change(request);
            return Request(checked(kj::mv(request)));
          }};
}

void beStrict(CreateRequest& request) { request.repetition = Repetition::STRICT; }
void differ(CreateRequest& request) { request.call.params = bytesOf("other params"); }
void wantLease(CreateRequest& request) { request.lease = LeaseRequest{kj::str("taker"), LEASE}; }
void haveSettled(CreateRequest& request) {
  request.settlement = Settlement{PromiseState::FULFILLED, bytesOf("yes")};
}

template <typename R>
RequestColumn column(std::string name, std::function<R()> make) {
  return {kj::mv(name), [make](auto&, auto) { return Request(make()); }};
}

RequestColumn settle(std::string name, PromiseState state, kj::StringPtr outcome,
    Repetition repetition, kj::Maybe<uint64_t> epoch = nullptr) {
  return column<SettleRequest>(kj::mv(name), [state, outcome, repetition, epoch]() {
    SettleRequest request{.id = kj::str("p"), .state = state};
    if (state == PromiseState::FULFILLED) {
      request.value = bytesOf(outcome);
    } else {
      request.error = PromiseError{kj::Exception::Type::OVERLOADED, kj::str(outcome)};
    }
    request.epoch = epoch;
    request.repetition = repetition;
    return checked(kj::mv(request));
  });
}

RequestColumn renew(std::string name, uint64_t epoch, kj::StringPtr owner) {
  return column<RenewRequest>(kj::mv(name), [epoch, owner]() {
    return RenewRequest{kj::str("p"), epoch, {kj::str(owner), LEASE}};
  });
}

RequestColumn release(
    std::string name, uint64_t epoch, kj::StringPtr owner, kj::Duration delay = 0 * kj::SECONDS) {
  return column<ReleaseRequest>(kj::mv(name), [epoch, owner, delay]() {
    return ReleaseRequest{kj::str("p"), epoch, kj::str(owner), delay};
  });
}

RequestColumn park(std::string name, uint64_t epoch, kj::StringPtr owner) {
  return column<ParkRequest>(kj::mv(name), [epoch, owner]() {
    ParkRequest request{kj::str("p"), epoch, kj::str(owner)};
    request.delay = 5 * kj::SECONDS;
    return request;
  });
}

std::vector<RequestColumn> createColumns() {
  return {
      create("create", {}),
      create("create, strict", {beStrict}),
      create("create differing", {differ}),
      create("create differing, strict", {differ, beStrict}),
      create("create, lease", {wantLease}),
      create("create differing, lease", {differ, wantLease}),
      create("create, settled", {haveSettled}),
      create("create differing, settled", {differ, haveSettled}),
  };
}

std::vector<RequestColumn> settleColumns() {
  constexpr auto STRICT = Repetition::STRICT;
  constexpr auto CONVERGE = Repetition::CONVERGE;
  constexpr auto FULFILLED = PromiseState::FULFILLED;
  constexpr auto REJECTED = PromiseState::REJECTED;
  constexpr auto CANCELED = PromiseState::CANCELED;
  return {
      settle("fulfill", FULFILLED, "yes", CONVERGE),
      settle("fulfill, strict", FULFILLED, "yes", STRICT),
      settle("fulfill otherwise", FULFILLED, "other", CONVERGE),
      settle("fulfill otherwise, strict", FULFILLED, "other", STRICT),
      settle("fulfill, epoch 3", FULFILLED, "yes", CONVERGE, uint64_t{3}),
      settle("fulfill, epoch 2", FULFILLED, "yes", CONVERGE, uint64_t{2}),
      settle("fulfill, epoch 2, strict", FULFILLED, "yes", STRICT, uint64_t{2}),
      settle("reject", REJECTED, "no", CONVERGE),
      settle("reject, strict", REJECTED, "no", STRICT),
      settle("reject otherwise, strict", REJECTED, "other", STRICT),
      settle("reject, epoch 2", REJECTED, "no", CONVERGE, uint64_t{2}),
      settle("reject, epoch 2, strict", REJECTED, "no", STRICT, uint64_t{2}),
      settle("cancel", CANCELED, "no", CONVERGE),
      settle("cancel, strict", CANCELED, "no", STRICT),
      settle("cancel otherwise, strict", CANCELED, "other", STRICT),
      settle("cancel, epoch 2", CANCELED, "no", CONVERGE, uint64_t{2}),
      settle("cancel, epoch 2, strict", CANCELED, "no", STRICT, uint64_t{2}),
  };
}

std::vector<RequestColumn> otherColumns() {
  return {
      column<FindRequest>("find", []() { return FindRequest{kj::str("p")}; }),
      column<AwaitRequest>("await", []() { return AwaitRequest{kj::str("p")}; }),
      column<ExpireRequest>("expire", []() { return ExpireRequest{kj::str("p")}; }),
      column<TakeRequest>("take",
          []() {
            return TakeRequest{kj::str("p"), {kj::str("taker"), LEASE}};
          }),
      renew("renew 3", 3, "holder"),
      renew("renew 2", 2, "holder"),
      renew("renew 3 by another", 3, "another"),
      release("release 3", 3, "holder"),
      release("release 2", 2, "holder"),
      release("release 3 by another", 3, "another"),
      release("release 3, delay", 3, "holder", 5 * kj::SECONDS),
      park("park 3", 3, "holder"),
      park("park 2", 2, "holder"),
      park("park 3 by another", 3, "another"),
      column<WakeRequest>("wake", []() { return WakeRequest{kj::str("p")}; }),
  };
}

std::vector<RequestColumn> makeColumns() {
  auto columns = createColumns();
  for (auto& more: {settleColumns(), otherColumns()}) {
    columns.insert(columns.end(), more.begin(), more.end());
  }
  return columns;
}

std::vector<StateRow> makeRows() {
  return {
      {"absent", Kind::ABSENT, Target::NAMED, nullptr},
      {"absent, outside", Kind::ABSENT, Target::OUTSIDE, nullptr},
      {"outside", Kind::PENDING, Target::OUTSIDE, [](Record& record) { record.due = nullptr; }},
      pending("due", [](auto&) {}),
      pending("due 3", [](Record& record) { record.epoch = 3; }),
      pending("due, awaited", [](Record& record) { record.awaited = true; }),
      pending("delayed 3",
          [](Record& record) {
            record.epoch = 3;
            record.due = NOW + MICROSECOND;
          }),
      pending("parked",
          [](Record& record) {
            record.epoch = epochAfterParking(3);
            record.due = NOW + MICROSECOND;
          }),
      pending("leased 3", [](Record& record) { leaseUntil(record, NOW + MICROSECOND); }),
      pending("expired 3", [](Record& record) { leaseUntil(record, NOW); }),
      settledAs(PromiseState::FULFILLED),
      settledAs(PromiseState::REJECTED),
      settledAs(PromiseState::CANCELED),
      settledAs(PromiseState::TIMEDOUT),
  };
}

std::string pendingStateOf(const Record& record, kj::Date now) {
  KJ_IF_MAYBE(lease, record.lease) return lease->expires > now ? "leased" : "expired";
  KJ_IF_MAYBE(due, record.due) return *due > now ? "delayed" : "due";
  return "outside";
}

}  // namespace

StateTable readStateTable() {
  std::ifstream document(TROTH_PROMISE_STATES);
  KJ_REQUIRE(document.good(), "cannot read the document", TROTH_PROMISE_STATES);
  StateTable table;
  std::vector<std::string> columns;
  for (std::string line; std::getline(document, line);) {
    if (line.empty() || line[0] != '|') {
      columns.clear();
      continue;
    }
    auto cells = cellsOf(line);
    if (cells[0] == "state" && cells.size() > 2) {
      columns = cells;
    } else if (!columns.empty() && cells[0].find("---") != 0) {
      KJ_REQUIRE(
          cells.size() == columns.size(), "a row has too few cells or too many", line.c_str());
      for (size_t i = 1; i < cells.size(); ++i) {
        bool isNew = table.insert({{cells[0], columns[i]}, cells[i]}).second;
        KJ_REQUIRE(isNew, "the document says it twice", line.c_str(), columns[i].c_str());
      }
    }
  }
  return table;
}

const std::vector<StateRow>& stateRows() {
  static const auto rows = makeRows();
  return rows;
}

const std::vector<RequestColumn>& requestColumns() {
  static const auto columns = makeColumns();
  return columns;
}

kj::Maybe<Record> recordOf(const StateRow& row, kj::Maybe<kj::Date> deadline) {
  if (row.kind == Kind::ABSENT) return nullptr;
  auto creation = checked(creationFor(row, deadline));
  Record record;
  record.id = kj::mv(creation.request.id);
  record.call = kj::mv(creation.request.call);
  record.digest = kj::mv(creation.digest);
  record.deadline = creation.request.deadline;
  record.tags = kj::mv(creation.request.tags);
  record.created = NOW - 10 * kj::SECONDS;
  record.due = record.created;
  row.change(record);
  return record;
}

std::string stateOf(const Record& record, kj::Date now) {
  if (record.isSettled()) return nameOf(record.state).cStr();
  auto name = pendingStateOf(record, now);
  if (record.isParked()) {
    name = name == "delayed" ? "parked" : name + ", parked";
  } else if (record.epoch > 0) {
    name += " " + std::to_string(record.epoch);
  }
  if (record.awaited) name += ", awaited";
  return name;
}

std::string reasonOf(const kj::Exception& refusal) {
  static const std::pair<const char*, const char*> reasons[] = {
      {"there is no promise", "not found"},
      {" is taken: it stands for ", "id taken"},
      {" already, and cannot be ", "settled"},
      {" is lost: epoch ", "lease lost"},
      {" is not due", "not due"},
  };
  std::string text = refusal.getDescription().cStr();
  for (auto& [words, reason]: reasons) {
    if (text.find(words) != std::string::npos) return reason;
  }
  return text;
}

}  // namespace troth

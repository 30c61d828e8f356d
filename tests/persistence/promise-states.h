#pragma once
// The tables of docs/reference/promise-states.md, and records and requests for their rows and
// columns.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "checks.h"
#include "records.h"

namespace troth {

// When the request arrives.
constexpr kj::Date NOW = kj::UNIX_EPOCH + 1'000'000 * kj::SECONDS;

constexpr auto LEASE = 30 * kj::SECONDS;

// What each state does at each request: the text of the cell.
using StateTable = std::map<std::pair<std::string, std::string>, std::string>;

// Reads all tables whose first column is called `state` and whose first row is `absent`.
StateTable readStateTable();

// A state that is not written `absent` or `overdue`: those come of other rows and the deadline.
struct StateRow {
  std::string name;
  enum class Kind { ABSENT, PENDING, SETTLED } kind;

  // Whether there is a target; without one, the promise is settled from outside.
  enum class Target { NAMED, OUTSIDE } target;

  std::function<void(Record&)> change;
};

const std::vector<StateRow>& stateRows();

// The record of a row, which may have a deadline; null for a row without one.
kj::Maybe<Record> recordOf(const StateRow& row, kj::Maybe<kj::Date> deadline);

// The request of a column for a row. Throws if checks refuse it.
struct RequestColumn {
  std::string name;
  std::function<Request(const StateRow& row, kj::Maybe<kj::Date> deadline)> make;
};

const std::vector<RequestColumn>& requestColumns();

// The name of the row that a record belongs to.
std::string stateOf(const Record& record, kj::Date now);

// Why a request was refused, in the words of the tables.
std::string reasonOf(const kj::Exception& refusal);

}  // namespace troth

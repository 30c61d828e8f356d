#include "sqlite-session.h"

#include <kj/debug.h>

#include <algorithm>

#include "micros.h"

namespace troth {
namespace {

using Kind = SqliteTransaction::Kind;
using Write = Verdict::Write;

size_t messageBytes(const Record& record) {
  return record.call.params.size() + record.value.size();
}

RequestOutcome::News newsOf(const Record& record) {
  if (record.isSettled()) return RequestOutcome::News::SETTLED;
  if (record.lease == nullptr && record.due != nullptr) return RequestOutcome::News::DUE;
  return RequestOutcome::News::NONE;
}

}  // namespace

SqliteSession::SqliteSession(kj::Own<SqliteDatabase> databaseParam, const kj::Clock& clock)
    : database(kj::mv(databaseParam)), records(*database), clock(clock) {}

// Read after a transaction has begun: so times are in the order of the transactions, in all
// processes, and a deadline that one of them has seen pass has passed for the next.
kj::Date SqliteSession::now() const { return wholeMicros(clock.now()); }

// A record that has settled is not written again.
template <typename R>
RequestOutcome SqliteSession::apply(kj::StringPtr id, const R& request, kj::Date now) {
  auto record = records.read(id);
  auto verdict = transition(record, request, now);
  RequestOutcome outcome;
  if (verdict.write != Write::NONE) {
    auto& written = KJ_ASSERT_NONNULL(record);
    if (verdict.write == Write::INSERT) records.insert(written);
    if (verdict.write == Write::UPDATE) records.update(written);
    outcome.news = newsOf(written);
    KJ_IF_MAYBE(parent, findParked(written)) wake(*parent, now);
  }
  outcome.record = kj::mv(record);
  outcome.refusal = kj::mv(verdict.refusal);
  return outcome;
}

RequestOutcome SqliteSession::apply(const Request& request, kj::Date now) {
  auto outcome = apply(idOf(request), request, now);
  KJ_IF_MAYBE(parking, request.tryGet<ParkRequest>()) {
    if (outcome.refusal == nullptr && !areOpen(parking->parts)) {
      return apply(WakeRequest{kj::str(parking->id)}, now);
    }
  }
  return outcome;
}

bool SqliteSession::areOpen(kj::ArrayPtr<const kj::String> parts) {
  return std::all_of(
      parts.begin(), parts.end(), [this](auto& part) { return records.isPending(part); });
}

void SqliteSession::wake(kj::StringPtr id, kj::Date now) {
  auto outcome = apply(WakeRequest{kj::str(id)}, now);
  if (outcome.news != RequestOutcome::News::NONE) woken.add(kj::mv(outcome));
}

SqliteTransaction SqliteSession::begin() {
  woken.clear();
  return SqliteTransaction(*database, Kind::WRITE);
}

void SqliteSession::commit(SqliteTransaction& transaction) {
  transaction.commit();
  for (auto& outcome: woken) news.add(kj::mv(outcome));
  woken.clear();
}

kj::Array<RequestOutcome> SqliteSession::carryOut(kj::ArrayPtr<const Ticket> group) {
  requests += group.size();
  auto transaction = begin();
  auto time = now();
  auto outcomes = KJ_MAP(ticket, group) { return apply(ticket.request, time); };
  commit(transaction);
  return outcomes;
}

// If the deadline passes while the program's function runs, what that did is undone, and the record
// is timed out.
RequestOutcome SqliteSession::transact(Transaction& given, const SqliteDialogue& dialogue) {
  ++requests;
  KJ_IF_MAYBE(outcome, tryTransact(given, dialogue)) return kj::mv(*outcome);
  auto transaction = begin();
  auto& creation = given.creation;
  auto outcome = apply(creation.request.id, creation, now());
  KJ_ASSERT(KJ_ASSERT_NONNULL(outcome.record).state != PromiseState::FULFILLED);
  commit(transaction);
  return outcome;
}

// Null if the record could not be fulfilled any more.
kj::Maybe<RequestOutcome> SqliteSession::tryTransact(
    Transaction& given, const SqliteDialogue& dialogue) {
  auto transaction = begin();
  auto time = now();
  KJ_IF_MAYBE(fence, given.fence) requireLease(records.read(fence->id), *fence, time);
  auto& creation = given.creation;
  auto& id = creation.request.id;
  auto record = records.read(id);
  if (!wouldFulfill(record, creation, time)) {
    auto outcome = apply(id, creation, time);
    commit(transaction);
    return kj::mv(outcome);
  }
  KJ_ASSERT_NONNULL(creation.request.settlement).value = dialogue.serve(*database);
  time = now();
  if (!wouldFulfill(record, creation, time)) return nullptr;
  auto outcome = apply(id, creation, time);
  commit(transaction);
  return kj::mv(outcome);
}

void SqliteSession::execute(kj::StringPtr script) {
  ++requests;
  auto transaction = begin();
  database->runScript(script);
  if (!database->isInTransaction()) kj::throwFatalException(transactionEnded());
  commit(transaction);
}

// Writes down what time has settled, for a search finds records by what is written.
void SqliteSession::expireOverdue() {
  auto time = now();
  while (records.findOverdue(time, 1).size() > 0) {
    auto transaction = begin();
    auto ids = records.findOverdue(time, STEP_RECORDS_MAX);
    auto outcomes = KJ_MAP(id, ids) { return apply(ExpireRequest{kj::mv(id)}, time); };
    commit(transaction);
    for (auto& outcome: outcomes) news.add(kj::mv(outcome));
  }
}

Page SqliteSession::search(const SearchRequest& request) {
  ++requests;
  expireOverdue();
  SqliteTransaction transaction(*database, Kind::READ);
  Page page;
  readPage(page, request, PAGE_BYTES_MAX);
  transaction.commit();
  return page;
}

// Returns how many bytes the messages in the page have: fewer than `bytesMax`, but for the last
// record of the page.
size_t SqliteSession::readPage(Page& page, const SearchRequest& request, size_t bytesMax) {
  kj::Vector<Record> found;
  size_t bytes = 0;
  for (auto& place: records.findPlaces(request, request.recordsMax + 1)) {
    if (found.size() == request.recordsMax || bytes >= bytesMax) {
      auto last = found.empty() ? Cursor::beforeAll() : Cursor::after(found.back());
      page.next = last.toText();
      break;
    }
    found.add(KJ_ASSERT_NONNULL(records.read(place.id)));
    bytes += messageBytes(found.back());
  }
  page.records = found.releaseAsArray();
  return bytes;
}

kj::Array<Claimed> SqliteSession::claim(const ClaimRequest& request) {
  ++requests;
  auto transaction = begin();
  kj::Vector<RequestOutcome> timedOut;
  auto claimed = takeDue(request, timedOut);
  if (request.childrenMax > 0) readChildren(claimed, request.childrenMax);
  commit(transaction);
  for (auto& outcome: timedOut) news.add(kj::mv(outcome));
  return claimed.releaseAsArray();
}

// What is looked at is due no more, whether it was taken or has timed out.
kj::Vector<Claimed> SqliteSession::takeDue(
    const ClaimRequest& request, kj::Vector<RequestOutcome>& timedOut) {
  kj::Vector<Claimed> claimed;
  size_t bytes = 0;
  auto time = now();
  auto& lease = request.lease;
  for (;;) {
    auto ids = records.findClaimable(request.targets, time, request.recordsMax - claimed.size());
    for (auto& id: ids) {
      auto outcome = apply(TakeRequest{kj::mv(id), {kj::str(lease.owner), lease.duration}}, time);
      if (outcome.refusal == nullptr) {
        auto& record = KJ_ASSERT_NONNULL(outcome.record);
        bytes += messageBytes(record);
        claimed.add(Claimed{kj::mv(record), {}});
      } else if (outcome.news == RequestOutcome::News::SETTLED) {
        timedOut.add(kj::mv(outcome));
      }
      if (bytes >= PAGE_BYTES_MAX) return claimed;
    }
    if (ids.size() == 0 || claimed.size() >= request.recordsMax) return claimed;
  }
}

void SqliteSession::readChildren(kj::ArrayPtr<Claimed> claimed, uint32_t childrenMax) {
  auto time = now();
  size_t bytesLeft = CLAIM_CHILDREN_BYTES_MAX;
  for (auto& one: claimed) {
    SearchRequest request{.parent = kj::str(one.record.id), .recordsMax = childrenMax};
    bytesLeft -= kj::min(bytesLeft, readPage(one.children, request, bytesLeft));
    for (auto& child: one.children.records) project(child, time);
  }
}

Pruned SqliteSession::prune(const PruneRequest& request) {
  ++requests;
  expireOverdue();
  Pruned pruned;
  auto transaction = begin();
  SqliteRecords::OldRoot last{nullptr, SqliteRecords::BEFORE_ALL, 0};
  while (pruned.trees < request.treesMax) {
    auto roots =
        records.findOldRoots(request.settledBefore, last.settled, last.number, STEP_RECORDS_MAX);
    if (roots.size() == 0) break;
    for (auto& root: roots) {
      if (pruned.trees == request.treesMax) break;
      if (records.isOpen(root.id)) continue;
      ++pruned.trees;
      pruned.records += records.removeTree(root.id);
    }
    last = kj::mv(roots.back());
  }
  commit(transaction);
  return pruned;
}

Overdue SqliteSession::findOverdue(uint32_t idsMax) {
  auto time = now();
  return {records.findOverdue(time, idsMax), records.findDeadline(time)};
}

kj::Maybe<kj::Date> SqliteSession::findDue(kj::ArrayPtr<const kj::String> targets) {
  kj::Maybe<kj::Date> first;
  for (auto& target: targets) {
    KJ_IF_MAYBE(due, records.findDue(target)) {
      KJ_IF_MAYBE(f, first)
        if (*f <= *due) continue;
      first = *due;
    }
  }
  return first;
}

// The store hears at once of what settles here, so only what others write makes it look again.
kj::Array<kj::String> SqliteSession::findSettled(kj::ArrayPtr<const kj::String> ids) {
  auto version = records.readVersionOfOthers();
  if (version != othersVersion || pending.size() >= PENDING_MAX) pending.clear();
  othersVersion = version;
  kj::Vector<kj::String> settled;
  for (auto& id: ids) {
    if (pending.contains(id)) continue;
    if (records.isPending(id)) {
      pending.insert(kj::str(id));
    } else {
      settled.add(kj::str(id));
    }
  }
  return settled.releaseAsArray();
}

kj::Vector<RequestOutcome> SqliteSession::takeNews() {
  auto result = kj::mv(news);
  news = {};
  return result;
}

StoreTraffic SqliteSession::getTraffic() const {
  return {.requests = requests,
      .transactions = database->getTransactionsBegun(),
      .statements = database->getStatementsRun()};
}

}  // namespace troth

#include "worker.h"

#include <kj/debug.h>

namespace troth {
namespace {

size_t bytesOf(const Request& request) {
  KJ_SWITCH_ONEOF(request) {
    KJ_CASE_ONEOF(creation, Creation) {
      size_t bytes = creation.request.call.params.size();
      KJ_IF_MAYBE(settlement, creation.request.settlement) bytes += settlement->value.size();
      return bytes;
    }
    KJ_CASE_ONEOF(settle, SettleRequest) { return settle.value.size(); }
    KJ_CASE_ONEOF_DEFAULT { return 0; }
  }
  KJ_UNREACHABLE;
}

kj::Exception closed() {
  return KJ_EXCEPTION(DISCONNECTED,
      "the store is closed; the request was not carried out, repeat it with another store");
}

}  // namespace

Worker::Worker(GroupMaker newGroup, uint32_t waitingMax)
    : waitingMax(waitingMax),
      newGroup(kj::mv(newGroup)),
      thread(kj::heap<kj::Thread>([this]() { work(); })) {
  telling = tell().eagerlyEvaluate([](kj::Exception&& exception) {
    KJ_LOG(FATAL, "a store cannot hear of its requests", exception);
  });
}

Worker::~Worker() noexcept(false) {
  shared.lockExclusive()->isClosing = true;
  // It may be about to fulfil what `telling` waits for.
  thread = nullptr;
  telling = nullptr;
  handingOver = nullptr;
  auto lock = shared.lockExclusive();
  refuseRest(*lock);
}

// ---- The store's thread ----

void Worker::checkRoom(uint32_t waiting) const {
  if (waiting < waitingMax) return;
  kj::throwFatalException(KJ_EXCEPTION(OVERLOADED,
      "too many requests wait for the store; nothing was done, repeat this one later", waiting,
      waitingMax));
}

void Worker::add(Ticket&& ticket) {
  checkRoom(requestsWaiting);
  ++requestsWaiting;
  newTickets.add(kj::mv(ticket));
  handOverSoon();
}

void Worker::add(kj::Own<Job> job) {
  checkRoom(jobsWaiting);
  ++jobsWaiting;
  newJobs.add(kj::mv(job));
  handOverSoon();
}

// At the end of the turn, so that what comes in one turn travels together.
void Worker::handOverSoon() {
  if (newTickets.size() >= GROUP_REQUESTS_MAX) return handOver();
  if (handOverState == HandOver::SOON) return;
  handOverState = HandOver::SOON;
  handingOver = kj::evalLast([this]() {
    handOverState = HandOver::NONE;
    handOver();
  }).eagerlyEvaluate(nullptr);
}

void Worker::handOver() {
  auto lock = shared.lockExclusive();
  for (auto& ticket: newTickets) lock->tickets.push_back(kj::mv(ticket));
  for (auto& job: newJobs) lock->jobs.push_back(kj::mv(job));
  newTickets.clear();
  newJobs.clear();
}

kj::Promise<void> Worker::tell() {
  for (;;) {
    kj::Vector<Done> done;
    kj::Promise<void> woken = nullptr;
    {
      auto lock = shared.lockExclusive();
      if (lock->done.empty()) {
        auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
        lock->wakeUp = kj::mv(paf.fulfiller);
        woken = kj::mv(paf.promise);
      } else {
        done = kj::mv(lock->done);
        lock->done = {};
      }
    }
    if (done.empty()) {
      co_await woken;
    } else {
      for (auto& d: done) tellOf(d);
    }
  }
}

void Worker::tellOf(Done& done) {
  requestsWaiting -= done.requests;
  if (done.requests == 0) --jobsWaiting;
  auto failure = kj::runCatchingExceptions([&]() {
    KJ_IF_MAYBE(exception, done.exception) {
      done.job->fail(*exception);
    } else {
      done.job->finish();
    }
  });
  KJ_IF_MAYBE(exception, failure) KJ_LOG(ERROR, "a store cannot tell of a request", *exception);
}

void Worker::refuseRest(Shared& rest) {
  for (auto& done: rest.done) tellOf(done);
  for (auto& ticket: rest.tickets) ticket.waiter->reject(closed());
  for (auto& ticket: newTickets) ticket.waiter->reject(closed());
  for (auto& job: rest.jobs) job->fail(closed());
  for (auto& job: newJobs) job->fail(closed());
}

// ---- The worker's thread ----

void Worker::work() {
  for (;;) {
    KJ_IF_MAYBE(job, next()) {
      run(kj::mv(*job));
    } else {
      return;
    }
  }
}

// Waits for work. Null if there will be no more.
kj::Maybe<Worker::Done> Worker::next() {
  kj::Vector<Ticket> group;
  auto hasWork = [](const Shared& s) { return s.hasWork(); };
  auto job = shared.when(hasWork, [&](Shared& s) -> kj::Maybe<Done> {
    if (s.isClosing) return nullptr;
    if (!s.tickets.empty() && (turn == Turn::GROUP || s.jobs.empty())) {
      group = takeGroup(s.tickets);
      return nullptr;
    }
    Done first{kj::mv(s.jobs.front()), nullptr, 0};
    s.jobs.pop_front();
    return kj::mv(first);
  });
  turn = group.empty() ? Turn::GROUP : Turn::JOB;
  if (group.empty()) return job;
  auto requests = group.size();
  return Done{newGroup(kj::mv(group)), nullptr, requests};
}

kj::Vector<Ticket> Worker::takeGroup(std::deque<Ticket>& tickets) {
  kj::Vector<Ticket> group;
  size_t bytes = 0;
  while (!tickets.empty() && group.size() < GROUP_REQUESTS_MAX) {
    bytes += bytesOf(tickets.front().request);
    if (bytes > GROUP_BYTES_MAX && !group.empty()) break;
    group.add(kj::mv(tickets.front()));
    tickets.pop_front();
  }
  return group;
}

void Worker::run(Done done) {
  done.exception = kj::runCatchingExceptions([&]() { done.job->run(); });
  kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> wakeUp;
  {
    auto lock = shared.lockExclusive();
    lock->done.add(kj::mv(done));
    wakeUp = kj::mv(lock->wakeUp);
    lock->wakeUp = nullptr;
  }
  KJ_IF_MAYBE(w, wakeUp) (*w)->fulfill();
}

}  // namespace troth

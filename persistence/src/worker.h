#pragma once
// A thread that works for a store whose database makes its callers wait.
//
// What the store's thread asks for in one turn reaches the worker at once, and what the worker has
// done reaches the store's thread with one wake-up for each job.

#include <kj/async.h>
#include <kj/function.h>
#include <kj/mutex.h>
#include <kj/thread.h>
#include <kj/vector.h>

#include <deque>

#include "backend.h"

namespace troth {

// Something that the worker does, and of which the store's thread hears, where it is destroyed.
class Job {
public:
  virtual ~Job() noexcept(false) {}

  // In the worker's thread. May throw.
  virtual void run() = 0;

  // Then one of these, in the store's thread.
  virtual void finish() = 0;
  virtual void fail(const kj::Exception& exception) = 0;
};

class Worker {
public:
  // Makes one job of many requests, in the worker's thread.
  using GroupMaker = kj::Function<kj::Own<Job>(kj::Vector<Ticket>&& group)>;

  // At most `waitingMax` requests, and as many jobs, wait for the worker or are with it.
  Worker(GroupMaker newGroup, uint32_t waitingMax);

  // Lets the job that runs end, and breaks the promises of all that wait.
  ~Worker() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Worker);

  // Puts a request into the next group. Throws OVERLOADED if there are too many.
  void add(Ticket&& ticket);

  // Jobs run one by one, in turn with groups. Throws as above.
  void add(kj::Own<Job> job);

private:
  // A job that has run, how, and how many requests were in it.
  struct Done {
    kj::Own<Job> job;
    kj::Maybe<kj::Exception> exception;
    size_t requests;
  };

  // What both threads use.
  struct Shared {
    std::deque<Ticket> tickets;
    std::deque<kj::Own<Job>> jobs;
    bool isClosing = false;

    // What the store's thread has not heard of, and what wakes it if it waits.
    kj::Vector<Done> done;
    kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> wakeUp;

    bool hasWork() const { return isClosing || !tickets.empty() || !jobs.empty(); }
  };
  kj::MutexGuarded<Shared> shared;

  // ---- The store's thread ----

  // What has come in this turn.
  kj::Vector<Ticket> newTickets;
  kj::Vector<kj::Own<Job>> newJobs;

  uint32_t waitingMax;
  uint32_t requestsWaiting = 0;
  uint32_t jobsWaiting = 0;
  enum class HandOver { NONE, SOON };
  HandOver handOverState = HandOver::NONE;
  kj::Promise<void> handingOver = nullptr;
  kj::Promise<void> telling = nullptr;

  void checkRoom(uint32_t waiting) const;
  void handOverSoon();
  void handOver();
  kj::Promise<void> tell();
  void tellOf(Done& done);
  void refuseRest(Shared& rest);

  // ---- The worker's thread ----

  enum class Turn { GROUP, JOB };
  GroupMaker newGroup;
  Turn turn = Turn::GROUP;

  void work();
  kj::Maybe<Done> next();
  kj::Vector<Ticket> takeGroup(std::deque<Ticket>& tickets);
  void run(Done done);

  // The last to be made, and the first to be gone.
  kj::Own<kj::Thread> thread;
};

}  // namespace troth

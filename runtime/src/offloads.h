#pragma once
// The work that a vat has on libuv's thread pool.

#include <kj/async.h>
#include <kj/list.h>
#include <troth/offload.h>
#include <uv.h>

#include <atomic>

namespace troth {

class Offloads;
class OffloadedWork;

// A request belongs to libuv until its callback has run, however early the promise or the vat is
// gone.
struct OffloadedJob {
  OffloadedJob(Offloads& offloads, kj::Own<_::Work> work): offloads(offloads), work(kj::mv(work)) {
    raw.data = this;
  }

  uv_work_t raw;

  // The vat's, until that is gone.
  kj::Maybe<Offloads&> offloads;
  kj::ListLink<OffloadedJob> link;

  // Null once it is known that nobody wants it.
  kj::Own<_::Work> work;

  // Who waits for it, if anybody does.
  kj::Maybe<OffloadedWork&> owner;

  // Set by the other thread when the work is done.
  std::atomic<bool> done = false;

  static void run(uv_work_t* raw);
  static void finish(uv_work_t* raw, int status);

  // Destroys the work if it has not started. The callback comes in any case.
  bool cancel();
};

class Offloads {
public:
  // At most `jobsMax` at a time are queued or running.
  Offloads(uv_loop_t& loop, uint32_t jobsMax): loop(loop), jobsMax(jobsMax) {}
  ~Offloads() noexcept(false) { end(); }
  KJ_DISALLOW_COPY_AND_MOVE(Offloads);

  // Gives `work` back when it has run. Dropping the promise cancels work that has not started;
  // other work runs to its end, and is then destroyed in this thread.
  kj::Promise<kj::Own<_::Work>> run(kj::Own<_::Work> work);

  // Cancels what has not started, waits for what runs, and breaks the promises.
  void end();

private:
  uv_loop_t& loop;
  uint32_t jobsMax;
  kj::List<OffloadedJob, &OffloadedJob::link> jobs;

  friend struct OffloadedJob;
};

}  // namespace troth

#include "offloads.h"

#include <kj/debug.h>

#include "uv-error.h"

namespace troth {

// What a promise for offloaded work is made of.
class OffloadedWork {
public:
  OffloadedWork(kj::PromiseFulfiller<kj::Own<_::Work>>& fulfiller, OffloadedJob& job)
      : fulfiller(fulfiller), job(job) {
    job.owner = *this;
  }
  ~OffloadedWork() noexcept(false) {
    KJ_IF_MAYBE(j, job) {
      j->owner = nullptr;
      j->cancel();
    }
  }
  KJ_DISALLOW_COPY_AND_MOVE(OffloadedWork);

  void finish(kj::Own<_::Work> work) {
    job = nullptr;
    fulfiller.fulfill(kj::mv(work));
  }
  void abandon() {
    job = nullptr;
    fulfiller.reject(KJ_EXCEPTION(DISCONNECTED, "the vat that work was offloaded in is gone"));
  }

private:
  kj::PromiseFulfiller<kj::Own<_::Work>>& fulfiller;
  kj::Maybe<OffloadedJob&> job;
};

bool OffloadedJob::cancel() {
  if (uv_cancel(reinterpret_cast<uv_req_t*>(&raw)) < 0) return false;
  work = nullptr;
  return true;
}

void OffloadedJob::run(uv_work_t* raw) {
  auto& job = *static_cast<OffloadedJob*>(raw->data);
  job.work->run();
  job.done = true;
  job.done.notify_all();
}

void OffloadedJob::finish(uv_work_t* raw, int) {
  auto job = static_cast<OffloadedJob*>(raw->data);
  KJ_DEFER(delete job);
  KJ_IF_MAYBE(vat, job->offloads) vat->jobs.remove(*job);
  KJ_IF_MAYBE(owner, job->owner) owner->finish(kj::mv(job->work));
}

kj::Promise<kj::Own<_::Work>> Offloads::run(kj::Own<_::Work> work) {
  if (jobs.size() >= jobsMax) {
    return kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__,
        kj::str("too much work is offloaded (limit offloaded = ", jobsMax, "); retry later"));
  }
  auto job = new OffloadedJob(*this, kj::mv(work));
  int code = uv_queue_work(&loop, &job->raw, &OffloadedJob::run, &OffloadedJob::finish);
  if (code < 0) {
    delete job;
    return uvError(code, "offload work");
  }
  jobs.add(*job);
  return kj::newAdaptedPromise<kj::Own<_::Work>, OffloadedWork>(*job);
}

void Offloads::end() {
  // First those that have not started, so that they do not start meanwhile.
  for (auto& job: jobs) job.cancel();
  while (!jobs.empty()) {
    auto& job = jobs.front();
    if (job.work.get() != nullptr) job.done.wait(false);
    jobs.remove(job);
    job.offloads = nullptr;
    job.work = nullptr;
    KJ_IF_MAYBE(owner, job.owner) owner->abandon();
    job.owner = nullptr;
  }
}

}  // namespace troth

#pragma once
// Those who wait in this process for promises to settle.

#include <kj/async.h>
#include <kj/list.h>
#include <kj/map.h>
#include <troth/record.h>

namespace troth {

class SettledWaiters {
public:
  // One more than this is refused with OVERLOADED.
  static constexpr size_t WAITERS_MAX = 1 << 20;

  SettledWaiters();
  ~SettledWaiters() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(SettledWaiters);

  // Resolves when the promise `id` has settled and that was delivered. Drop it to stop waiting,
  // before the registry goes away.
  kj::Promise<Record> wait(kj::StringPtr id);

  bool has(kj::StringPtr id) const { return awaited.find(id) != nullptr; }

  // All that somebody waits for.
  kj::Array<kj::String> ids() const;

  // Tells those who wait for the promise that it has settled, or is gone.
  void deliver(const Record& record);
  void deliverGone(kj::StringPtr id);

private:
  class Waiter;
  struct Awaited;

  kj::HashMap<kj::String, kj::Own<Awaited>> awaited;
  size_t waiters = 0;

  Awaited& add(kj::StringPtr id);
};

}  // namespace troth

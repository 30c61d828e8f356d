#pragma once
// What processes do to a store that tests kill.

#include <troth/loop.h>
#include <unistd.h>

#include "requests.h"

namespace troth {

// Written at once and whole, for the process may end at any time.
inline void say(kj::StringPtr what, kj::StringPtr id) {
  auto line = kj::str(what, ' ', id, '\n');
  KJ_ASSERT(::write(STDOUT_FILENO, line.begin(), line.size()) == ssize_t(line.size()));
}

// Says `c ID` when a promise is created, and `s ID` when it has settled. Its value is its id.
inline kj::Promise<void> createAndSettle(Store& store, kj::String id) {
  auto request = work(id);
  request.tags = kj::arr(kj::str("all"), kj::str("some"));
  co_await store.create(kj::mv(request));
  say("c", id);
  co_await store.settle(fulfill(id, id));
  say("s", id);
}

inline kj::Promise<void> writeInTurn(Store& store, kj::String prefix) {
  for (int i = 0;; ++i) co_await createAndSettle(store, kj::str(prefix, '.', i));
}

// Several callers, until the process is killed.
inline void writeForever(Loop& loop, Store& store) {
  constexpr int CALLERS = 8;
  auto callers = kj::heapArrayBuilder<kj::Promise<void>>(CALLERS);
  for (int i = 0; i < CALLERS; ++i) callers.add(writeInTurn(store, kj::str(getpid(), '.', i)));
  kj::joinPromises(callers.finish()).wait(loop.waitScope());
}

}  // namespace troth

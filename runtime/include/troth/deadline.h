#pragma once
// within() gives a promise a deadline.
//
//     auto rates = co_await troth::within(vat.timer(), 2 * kj::SECONDS, bank.rates());

#include <kj/timer.h>

#include "any-promise.h"

namespace troth {

namespace _ {

kj::Exception deadlinePassed(kj::Duration limit);

}  // namespace _

// Settles as `promise` does, if it does within `limit` from now. If not, drops it, which cancels
// its call, and breaks with OVERLOADED. The deadline is this side's alone: it does not travel with
// the call, and a server learns of it by the cancellation.
template <AnyPromise P>
kj::Promise<ValueOf<P>> within(kj::Timer& timer, kj::Duration limit, P&& promise) {
  auto late = timer.afterDelay(limit).then(
      [limit]() -> kj::Promise<ValueOf<P>> { return _::deadlinePassed(limit); });
  return _::take(promise).exclusiveJoin(kj::mv(late));
}

}  // namespace troth

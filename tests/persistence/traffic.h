#pragma once
// What work costs a store.

#include <kj/common.h>
#include <troth/store.h>

namespace troth {

inline StoreTraffic operator-(StoreTraffic a, const StoreTraffic& b) {
  a.requests -= b.requests;
  a.transactions -= b.transactions;
  a.statements -= b.statements;
  a.connections -= b.connections;
  return a;
}

// What `work` costs, which is done a few times and is given a number that it has not had before.
// The store also looks around by itself now and then: the cheapest time has none of that.
template <typename Work>
StoreTraffic cost(const Store& store, Work&& work) {
  StoreTraffic least;
  for (int time = 1; time <= 3; ++time) {
    auto before = store.getTraffic();
    work(time);
    auto traffic = store.getTraffic() - before;
    if (time == 1 || traffic.transactions < least.transactions) least = traffic;
  }
  return least;
}

}  // namespace troth

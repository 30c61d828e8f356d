#include "redial.h"

namespace troth {

kj::Duration Redial::getDelay(kj::StringPtr address, kj::TimePoint now) const {
  KJ_IF_MAYBE(found, failing.find(address)) {
    if (found->next > now) return found->next - now;
  }
  return 0 * kj::SECONDS;
}

void Redial::failed(kj::StringPtr address, kj::TimePoint now) {
  KJ_IF_MAYBE(found, failing.find(address)) {
    found->next = now + found->delay.next();
    return;
  }
  if (failing.size() >= ADDRESSES_MAX) makeRoom(now);
  _::JitteredDelay delay(options.delayFirst, options.delayMax, options.jitter);
  auto next = now + delay.next();
  failing.insert(kj::str(address), Failing{kj::mv(delay), next});
}

void Redial::makeRoom(kj::TimePoint now) {
  failing.eraseAll([now](const kj::String&, const Failing& entry) { return entry.next <= now; });
  if (failing.size() >= ADDRESSES_MAX) failing.clear();
}

}  // namespace troth

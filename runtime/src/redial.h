#pragma once
// A Redial tells when the next attempt to connect to an address may start: at once, unless attempts
// have failed there.

#include <kj/map.h>
#include <troth/retry.h>
#include <troth/vat.h>

namespace troth {

class Redial final {
public:
  explicit Redial(Reconnect options): options(kj::mv(options)) {}

  // How long an attempt has to wait that is wanted `now`.
  kj::Duration getDelay(kj::StringPtr address, kj::TimePoint now) const;

  // The outcome of an attempt.
  void failed(kj::StringPtr address, kj::TimePoint now);
  void succeeded(kj::StringPtr address) { failing.erase(address); }

  // Of more addresses than this, those are forgotten that an attempt need not wait for; if there
  // are none, all.
  static constexpr size_t ADDRESSES_MAX = 1024;

private:
  struct Failing {
    _::JitteredDelay delay;
    kj::TimePoint next;
  };

  Reconnect options;
  kj::HashMap<kj::String, Failing> failing;

  void makeRoom(kj::TimePoint now);
};

}  // namespace troth

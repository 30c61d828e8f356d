#pragma once
// Callers who keep two stores on one database busy, and hold them to their word.

#include <troth/loop.h>

#include <functional>
#include <map>

#include "requests.h"

namespace troth {

// What was acknowledged, by id: the value of a promise that has settled; of others nothing.
using Outcomes = std::map<std::string, std::string>;

inline std::string textOf(kj::ArrayPtr<const kj::byte> bytes) {
  return std::string(bytes.asChars().begin(), bytes.size());
}

// Each caller creates one promise after the other. Two rivals settle each, and both are to get the
// same outcome. A request may fail with OVERLOADED or DISCONNECTED, and is then made again.
class Load final: private kj::TaskSet::ErrorHandler {
public:
  static constexpr int CALLERS = 16;

  Load(Loop& loop, Store& one, Store& other);
  ~Load() noexcept(false) {}
  KJ_DISALLOW_COPY_AND_MOVE(Load);

  // Resolves when `count` more promises have settled.
  kj::Promise<void> settled(uint64_t count);

  // Resolves when each caller is done with its promise.
  kj::Promise<void> stop();

  const Outcomes& outcomes() const { return acknowledged; }

private:
  Loop& loop;
  Store& one;
  Store& other;
  Outcomes acknowledged;
  uint64_t settledCount = 0;
  uint64_t awaitedCount = 0;
  kj::Own<kj::PromiseFulfiller<void>> enough;
  bool isStopping = false;
  kj::TaskSet callers;

  kj::Promise<void> call(kj::String prefix);
  kj::Promise<void> live(kj::String id);
  kj::Promise<std::string> settle(Store& store, kj::StringPtr id, kj::StringPtr value);
  kj::Promise<Record> persist(std::function<kj::Promise<Record>()> request);
  void taskFailed(kj::Exception&& exception) override;
};

}  // namespace troth

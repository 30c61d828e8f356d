#pragma once
// What the tests of lanes share: requests, records, answers.

#include "checks.h"
#include "pg-lanes.h"
#include "requests.h"

namespace troth {

constexpr auto NOW = kj::UNIX_EPOCH + 20'000 * kj::DAYS;
constexpr auto START = kj::origin<kj::TimePoint>();
constexpr auto PATIENCE = 30 * kj::SECONDS;

inline Request creation(CreateRequest request) { return checked(kj::mv(request)); }
inline Request creation(kj::StringPtr id) { return creation(outside(id)); }
inline Request settling(kj::StringPtr id, kj::StringPtr value = "value") {
  return checked(fulfill(id, value));
}
inline Request finding(kj::StringPtr id) { return FindRequest{kj::str(id)}; }

// The record that `requests` leave behind.
inline Record recordAfter(std::initializer_list<Request (*)()> requests) {
  kj::Maybe<Record> record;
  for (auto request: requests) transition(record, request(), NOW);
  return kj::mv(KJ_ASSERT_NONNULL(record));
}
inline Record pendingRecord() {
  return recordAfter({[]() { return creation("a"); }});
}
inline Record settledRecord() {
  return recordAfter({[]() { return creation("a"); }, []() { return settling("a", "theirs"); }});
}

// An answer that a request waits for.
class Answer {
public:
  Answer(kj::Promise<kj::Maybe<Record>> promise, kj::WaitScope& waitScope)
      : promise(kj::mv(promise)), waitScope(waitScope) {}

  bool isThere() { return promise.poll(waitScope); }
  kj::Maybe<Record> get() { return promise.wait(waitScope); }
  Record record() {
    auto answer = get();
    return kj::mv(KJ_ASSERT_NONNULL(answer));
  }
  kj::Exception failure() {
    return thrownBy([this]() { promise.wait(waitScope); });
  }

private:
  kj::Promise<kj::Maybe<Record>> promise;
  kj::WaitScope& waitScope;
};

}  // namespace troth

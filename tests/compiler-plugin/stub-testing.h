#pragma once
// What the tests of generated stubs share.

#include <kj/async.h>
#include <kj/exception.h>

#include <string>

namespace troth {

// An event loop for refs and servers in one process.
class InOneLoop {
protected:
  kj::EventLoop loop;
  kj::WaitScope waitScope{loop};

  // What broke `promise`; empty if it was kept.
  template <typename T>
  std::string failureOf(kj::Promise<T>&& promise) {
    std::string result;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { promise.wait(waitScope); })) {
      result = exception->getDescription().cStr();
    }
    return result;
  }
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace troth

#pragma once

#include <kj/exception.h>
#include <kj/function.h>

namespace troth {

// Counts what is written to the log.
class LogCounter final: public kj::ExceptionCallback {
public:
  int messages = 0;

  void logMessage(kj::LogSeverity, const char*, int, int, kj::String&&) override { ++messages; }
};

// How many messages `body` writes to the log. KJ finds out where the stack is, which must not be
// that of AddressSanitizer's.
__attribute__((no_sanitize("address"))) inline int messagesDuring(kj::FunctionParam<void()> body) {
  LogCounter log;
  body();
  return log.messages;
}

}  // namespace troth

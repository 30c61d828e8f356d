#pragma once
// A BrokenStream stands for a stream that could not be had: all that is asked of it breaks for that
// reason, and there is nothing to end.

#include <kj/async-io.h>

namespace troth {

class BrokenStream final: public kj::AsyncIoStream {
public:
  explicit BrokenStream(kj::Exception&& reason): reason(kj::heap(kj::mv(reason))) {}

  kj::Promise<size_t> tryRead(void*, size_t, size_t) override { return kj::cp(*reason); }
  kj::Promise<void> write(const void*, size_t) override { return kj::cp(*reason); }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>) override {
    return kj::cp(*reason);
  }
  kj::Promise<void> whenWriteDisconnected() override { return kj::READY_NOW; }
  void shutdownWrite() override {}

private:
  kj::Own<const kj::Exception> reason;
};

}  // namespace troth

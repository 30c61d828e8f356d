#pragma once
// A vat in a thread of its own.

#include <kj/thread.h>
#include <troth/vat.h>

#include <future>

namespace troth {

// Serves until it is destroyed.
class ServerThread {
public:
  // `setUp` runs in the new thread: it makes the vat serve and listen, and gives its port.
  explicit ServerThread(kj::Function<kj::uint(Vat&)> setUp)
      : port_(started.get_future().share()),
        thread([this, setUp = kj::mv(setUp)]() mutable { run(setUp); }) {}

  ~ServerThread() noexcept(false) {
    getPort();
    executor->executeSync([this]() {
      vat->shutdown(0 * kj::SECONDS).detach([](kj::Exception&& e) { KJ_LOG(ERROR, e); });
    });
  }
  KJ_DISALLOW_COPY_AND_MOVE(ServerThread);

  kj::uint getPort() { return port_.get(); }

private:
  std::promise<kj::uint> started;
  std::shared_future<kj::uint> port_;
  kj::Own<const kj::Executor> executor;
  Vat* vat = nullptr;
  // The last member: its destructor waits for the thread.
  kj::Thread thread;

  void run(kj::Function<kj::uint(Vat&)>& setUp) {
    Vat own;
    vat = &own;
    executor = own.loop().executor().addRef();
    started.set_value(setUp(own));
    own.run();
  }
};

}  // namespace troth

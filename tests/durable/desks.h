#pragma once
// Vats with desks that record calls in a file, and clients who call them over real sockets, in one
// thread. A vat that is dropped is as good as one that was killed: nothing is given back.

#include <gtest/gtest.h>
#include <troth/store.h>
#include <troth/stored-message.h>
#include <troth/vat.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desk.troth.h"
#include "temporary-folder.h"
#include "traffic.h"

namespace troth {

using desk::Desk;
using desk::Drawer;

// What the desks of a test do. It outlives the vats.
struct Scene {
  std::function<kj::Promise<void>(Server<Desk>::Work)> work =
      [this](Server<Desk>::Work call) -> kj::Promise<void> {
    ++runs;
    return call.fulfill(kj::str(call.text(), "!"));
  };
  std::function<kj::Promise<void>(Server<Desk>::Number)> number =
      [this](Server<Desk>::Number call) -> kj::Promise<void> {
    ++runs;
    return call.fulfill(call.n() + 1);
  };
  std::function<kj::Promise<void>(Server<Desk>::Give)> give =
      [this](Server<Desk>::Give call) -> kj::Promise<void> {
    ++runs;
    return call.fulfill(call.drawer());
  };

  // How often the code of a method was started, and a drawer was made.
  int runs = 0;
  int restored = 0;
  std::map<std::string, std::vector<std::string>> drawers;
};

class DrawerServer final: public Server<Drawer> {
public:
  DrawerServer(Scene& scene, kj::StringPtr name): scene(scene), own(name.cStr()) {
    ++scene.restored;
  }

  kj::Promise<void> put(Put call) override {
    scene.drawers[own].push_back(call.text().cStr());
    return call.fulfill(scene.drawers[own].size());
  }
  kj::Promise<void> name(Name call) override { return call.fulfill(own); }

private:
  Scene& scene;
  std::string own;
};

class DeskServer final: public Server<Desk> {
public:
  DeskServer(Scene& scene, Restorer<Drawer> drawers): scene(scene), drawers(drawers) {}

  kj::Promise<void> work(Work call) override { return scene.work(call); }
  kj::Promise<void> number(Number call) override { return scene.number(call); }
  kj::Promise<void> give(Give call) override { return scene.give(call); }
  kj::Promise<void> marked(Marked call) override {
    ++scene.runs;
    return call.fulfill(call.isDurable() ? call.id() : "not durable");
  }
  kj::Promise<void> careful(Careful call) override {
    ++scene.runs;
    return call.fulfill(call.text());
  }
  kj::Promise<void> tally(Tally call) override {
    ++scene.runs;
    return call.fulfill(call.n());
  }
  kj::Promise<void> open(Open call) override { return call.fulfill(drawers(call.name())); }

private:
  Scene& scene;
  Restorer<Drawer> drawers;
};

// A vat that serves a desk.
class Office {
public:
  Office(Loop& loop, Scene& scene, kj::Own<Store> storeParam, kj::StringPtr socket,
      DurableOptions durable)
      : store(*storeParam) {
    VatOptions options;
    options.loop = loop;
    options.publicAddress = kj::str("unix:", socket).cStr();
    options.store = kj::mv(storeParam);
    options.durable = durable;
    vat.emplace(kj::mv(options));
    auto drawers = vat->restorer<Drawer>(
        [&scene](kj::StringPtr key) { return kj::heap<DrawerServer>(scene, key); });
    vat->serve("desk", kj::heap<DeskServer>(scene, drawers));
    vat->listen(kj::str("unix:", socket)).wait(loop.waitScope());
  }

  Store& store;
  std::optional<Vat> vat;
};

class Offices {
public:
  Offices() { client.emplace(clientOptions()); }
  ~Offices() noexcept(false) {
    office = std::nullopt;
    client = std::nullopt;
  }

  void open() { office.emplace(loop, scene, newStore(), socket, durable); }

  // As a process ends that is killed.
  void kill() {
    office = std::nullopt;
    unlink(socket.cStr());
    settle();
  }
  void restart() {
    kill();
    open();
  }

  Ref<Desk> desk() { return client->restore<Desk>(deskAt(socket)); }

  static SturdyRef deskAt(kj::StringPtr socket) {
    SturdyRef ref;
    ref.host = kj::str("unix:", socket);
    ref.name = kj::str("desk");
    return ref;
  }

  kj::Own<Store> newStore() { return newSqliteStore(folder.file("promises.db")); }

  // All that can happen without waiting for the outside has happened.
  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }

  template <typename T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(loop.waitScope());
  }

  kj::Maybe<Record> find(kj::StringPtr id) { return wait(office->store.find(id)); }
  Record get(kj::StringPtr id) {
    auto record = find(id);
    return kj::mv(KJ_ASSERT_NONNULL(record, id));
  }

  // Makes a call that nobody waits for, and returns once it is recorded.
  void start(kj::StringPtr id) {
    auto dropped = desk().work("x").durable(id);
    while (find(id) == nullptr) settle();
  }

  // As long as `isSo` does not hold.
  template <typename Test>
  void waitUntil(Test&& isSo) {
    while (!isSo()) loop.timer().afterDelay(1 * kj::MILLISECONDS).wait(loop.waitScope());
  }

  // Transactions of the office's store until now.
  uint64_t transactions() { return office->store.getTraffic().transactions; }

  // Transactions that `work` takes, which is given a number.
  template <typename Work>
  uint64_t transactions(Work&& work) {
    return cost(office->store, kj::fwd<Work>(work)).transactions;
  }

  TemporaryFolder folder;
  kj::String socket = folder.file("desk.sock");
  Loop loop;
  Scene scene;
  DurableOptions durable{.lease = 1 * kj::SECONDS, .retryDelayFirst = 1 * kj::MILLISECONDS};
  std::optional<Office> office;
  std::optional<Vat> client;

private:
  VatOptions clientOptions() {
    VatOptions options;
    options.loop = loop;
    return options;
  }
};

class DurableTest: public testing::Test, public Offices {
public:
  DurableTest() { open(); }
  ~DurableTest() noexcept override = default;
};

template <typename Begin>
std::string failureOf(kj::WaitScope& scope, Begin&& begin) {
  std::string text;
  auto exception = kj::runCatchingExceptions([&]() { begin().wait(scope); });
  KJ_IF_MAYBE(e, exception) text = e->getDescription().cStr();
  return text;
}

}  // namespace troth

#include <kj/debug.h>
#include <kj/map.h>
#include <sys/socket.h>
#include <troth/vat.h>

#include "broken-stream.h"
#include "connected-ref.h"
#include "connection.h"
#include "hosted-objects.h"
#include "offloads.h"
#include "redial.h"
#include "stop-signal.h"

namespace troth {
namespace {

// A link of the vat, from the moment it is made until it is gone.
struct Link {
  Link(kj::Own<kj::AsyncIoStream> stream, Connection::Side side, ObjectTable& objects,
      const Limits& limits, OutputGate& gate, kj::Own<LinkView> viewParam)
      : connection(kj::mv(stream), side, objects, limits, gate), view(kj::mv(viewParam)) {
    view->connection = connection;
  }
  ~Link() noexcept(false) { view->connection = nullptr; }
  KJ_DISALLOW_COPY_AND_MOVE(Link);

  Connection connection;
  kj::Own<LinkView> view;

  // Names the link for as long as the vat lives.
  uint64_t id = 0;

  // Messages seen at the last look for idle links; none has been yet.
  uint64_t messagesSeen = kj::maxValue;

  // Where the link was connected to; empty if the peer connected to us.
  kj::String address;
  bool isIncoming() const { return address.size() == 0; }

  // Whether it is an attempt to connect whose outcome has not been noted.
  bool isAttempt = false;
};

kj::Exception shuttingDown() { return KJ_EXCEPTION(DISCONNECTED, "this vat is shutting down"); }

// `now` and `later` together, or the end of time.
kj::TimePoint after(kj::TimePoint now, kj::Duration later) {
  auto forever = kj::origin<kj::TimePoint>() + kj::Duration(kj::maxValue);
  return forever - now < later ? forever : now + later;
}

struct Address {
  kj::StringPtr host;
  kj::StringPtr name;
  kj::String hostText;
};

Address parseAddress(kj::StringPtr text) {
  Address result;
  if (text.startsWith("unix:") || text.startsWith("unix-abstract:")) {
    result.hostText = kj::str(text);
  } else KJ_IF_MAYBE(slash, text.findFirst('/')) {
    result.hostText = kj::heapString(text.slice(0, *slash));
    result.name = text.slice(*slash + 1);
    KJ_REQUIRE(result.name.size() > 0,
        "an address ends in a slash; expected host:port, host:port/name or unix:/path", text);
  } else {
    result.hostText = kj::str(text);
  }
  result.host = result.hostText;
  return result;
}

}  // namespace

struct Vat::Impl final: public ObjectTable, public Connector, private kj::TaskSet::ErrorHandler {
  explicit Impl(VatOptions&& options)
      : options(kj::mv(options)),
        loop(chooseLoop()),
        offloads(loop.uv(), this->options.limits.offloaded),
        redial(kj::mv(this->options.reconnect)),
        connectorRef(kj::refcounted<ConnectorRef>()),
        objects(hostObjects()),
        stopped(kj::newPromiseAndFulfiller<void>()),
        tasks(*this),
        accepting(*this) {
    _::CallQueue::current().pipelineDepthMax = this->options.limits.pipelineDepth;
    _::CallQueue::current().argumentWaitMax = this->options.limits.argumentWait;
    connectorRef->connector = *this;
    if (this->options.store.get() == nullptr) return;
    durability = this->options.store->newDurability(*objects, this->options.durable);
    objects->setDurability(*durability);
  }

  Loop& chooseLoop() {
    KJ_IF_MAYBE(l, options.loop) {
      return *l;
    }
    ownLoop = kj::heap<Loop>();
    return *ownLoop;
  }

  ~Impl() noexcept(false) {
    connectorRef->connector = nullptr;
    tasks.clear();
    links.clear();
    objects->close();
  }

  kj::Own<HostedObjects> hostObjects() {
    HostedObjects::Options hosting{options.publicAddress,
        kj::arrayPtr(options.sturdyKey.data(), options.sturdyKey.size()), options.sturdySecrets,
        options.store.get() == nullptr ? kj::Own<SturdySecrets>()
                                       : options.store->newSturdySecrets()};
    return kj::refcounted<HostedObjects>(kj::mv(hosting),
        [this](kj::StringPtr host, kj::StringPtr name) { return connect(host, name); });
  }

  // Breaks whatever is under way. Continuations that see this may still use the vat.
  void end() {
    stopping = true;
    accepting.clear();
    tasks.clear();
    links.clear();
    objects->setDurability(nullptr);
    durability = nullptr;
    objects->close();
    options.store = nullptr;
    offloads.end();
    if (ownLoop.get() == nullptr) return;
    // No event of this thread runs after this: whoever waits learns of it now.
    _::CallQueue::current().abandon(
        KJ_EXCEPTION(DISCONNECTED, "the vat that the call was made in is gone"));
    kj::runCatchingExceptions([&]() { loop.waitScope().poll(ABANDONED_TURNS_MAX); });
  }

  // Turns in which continuations of abandoned calls may still run.
  static constexpr uint ABANDONED_TURNS_MAX = 100000;

  VatOptions options;
  kj::Own<Loop> ownLoop;
  Loop& loop;
  Offloads offloads;
  Redial redial;
  kj::Own<ConnectorRef> connectorRef;
  kj::Own<HostedObjects> objects;

  // Null without a store.
  kj::Own<Durability> durability;
  kj::Vector<kj::Own<kj::ConnectionReceiver>> receivers;
  kj::Vector<kj::Own<Link>> links;
  uint64_t lastLinkId = 0;
  uint turnedAway = 0;
  Traffic closedTraffic;
  bool stopping = false;
  bool watchingIdle = false;
  kj::PromiseFulfillerPair<void> stopped;
  kj::TaskSet tasks;
  kj::TaskSet accepting;

  capnp::Capability::Client getObject(kj::StringPtr name) override {
    return objects->getObject(name);
  }

  // The object of that name of the vat at `host`.
  kj::Own<capnp::ClientHook> connect(kj::StringPtr host, kj::StringPtr name) {
    if (stopping) return capnp::newBrokenCap(shuttingDown());
    return kj::refcounted<ConnectedRef>(kj::addRef(*connectorRef), host, name);
  }

  Link& add(kj::Own<kj::AsyncIoStream> stream, Connection::Side side, kj::StringPtr address,
      kj::Own<LinkView> view = kj::refcounted<LinkView>()) {
    auto link = kj::heap<Link>(
        kj::mv(stream), side, *this, options.limits, objects->getOutputGate(), kj::mv(view));
    auto& result = *link;
    result.address = kj::str(address);
    result.id = ++lastLinkId;
    links.add(kj::mv(link));
    tasks.add(result.connection.onDisconnect().then([this, id = result.id]() { remove(id); }));
    return result;
  }

  void remove(uint64_t id) {
    for (auto& link: links) {
      if (link->id != id) continue;
      noteOutcome(*link);
      closedTraffic += link->connection.getTraffic();
      // Not now: what runs now may be the link's own.
      tasks.add(kj::evalLater([dead = kj::mv(link)]() {}));
      if (&link != &links.back()) link = kj::mv(links.back());
      links.removeLast();
      return;
    }
  }

  Durability& requireDurability() {
    KJ_REQUIRE(!stopping, "this vat is shutting down");
    KJ_REQUIRE(durability.get() != nullptr, "this vat has no store (VatOptions::store)");
    return *durability;
  }

  uint countIncoming() {
    uint count = 0;
    for (auto& link: links) count += link->isIncoming();
    return count;
  }

  void accept(kj::Own<kj::AsyncIoStream> stream) {
    if (stopping) return;
    if (countIncoming() < options.limits.connections) {
      add(kj::mv(stream), Connection::Side::SERVER, "");
      if (!watchingIdle) {
        watchingIdle = true;
        tasks.add(closeIdleLinks());
      }
    } else if (turnedAway < TURNED_AWAY_MAX) {
      ++turnedAway;
      auto reason =
          kj::str("too many connections (limit connections = ", options.limits.connections,
              "); retry later");
      tasks.add(turnAway(kj::mv(stream), reason)
                    .exclusiveJoin(loop.timer().afterDelay(CLOSING_MAX))
                    .attach(kj::defer([this]() { --turnedAway; })));
    }
  }

  // Peers that are being told that there is no room for them; more are dropped without a word.
  static constexpr uint TURNED_AWAY_MAX = 64;

  // How long a peer may take to close its end once we have closed ours.
  static constexpr kj::Duration CLOSING_MAX = 5 * kj::SECONDS;

  kj::Promise<void> acceptAll(kj::ConnectionReceiver& receiver) {
    return receiver.accept().then([this, &receiver](kj::Own<kj::AsyncIoStream>&& stream) {
      // A connection that fails at once must not end the others.
      KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                    keepAlive(*stream);
                    accept(kj::mv(stream));
                  })) {
        KJ_LOG(ERROR, "cannot serve a connection", *exception);
      }
      return acceptAll(receiver);
    });
  }

  void keepAlive(kj::AsyncIoStream& stream) {
    sockaddr_storage name;
    uint size = sizeof(name);
    stream.getsockname(reinterpret_cast<sockaddr*>(&name), &size);
    if (name.ss_family != AF_UNIX) setKeepAlive(stream, options.keepAlive);
  }

  bool makesLinks() override { return !stopping; }
  uint64_t getCallsQueuedMax() override { return options.limits.callsQueued; }

  kj::Maybe<kj::Own<LinkView>> linkTo(kj::StringPtr host) override {
    if (stopping) return nullptr;
    for (auto& link: links) {
      if (link->address != host) continue;
      if (!link->connection.hasEnded()) return kj::addRef(*link->view);
      noteOutcome(*link);
    }
    auto view = kj::refcounted<LinkView>();
    auto stream = kj::newPromisedStream(dial(kj::str(host), kj::addRef(*view)));
    add(kj::mv(stream), Connection::Side::CLIENT, host, kj::addRef(*view)).isAttempt = true;
    return kj::mv(view);
  }

  // Connects to `host` as soon as it may be tried again.
  kj::Promise<kj::Own<kj::AsyncIoStream>> dial(kj::String host, kj::Own<LinkView> view) {
    auto delay = redial.getDelay(host, loop.timer().now());
    auto wait = delay > 0 * kj::SECONDS ? loop.timer().afterDelay(delay) : kj::READY_NOW;
    return wait.then([this, host = kj::mv(host)]() { return loop.network().parseAddress(host); })
        .then([](kj::Own<kj::NetworkAddress>&& address) {
          auto connected = address->connect();
          return connected.attach(kj::mv(address));
        })
        .then([this, view = kj::mv(view)](kj::Own<kj::AsyncIoStream>&& stream) mutable {
          keepAlive(*stream);
          view->made = true;
          return kj::mv(stream);
        })
        .catch_([](kj::Exception&& reason) -> kj::Own<kj::AsyncIoStream> {
          return kj::heap<BrokenStream>(kj::mv(reason));
        });
  }

  // Learns from the end of an attempt to connect. One over which the peer has never said anything
  // of use has failed: it may have been accepted by nobody, or turned away.
  void noteOutcome(Link& link) {
    if (!link.isAttempt) return;
    link.isAttempt = false;
    if (link.connection.hasBeenAnswered()) {
      redial.succeeded(link.address);
    } else {
      redial.failed(link.address, loop.timer().now());
    }
  }

  // Looks for idle links now and then, as long as there are peers that could be idle: a timer keeps
  // the loop of a program going.
  kj::Promise<void> closeIdleLinks() {
    return loop.timer().afterDelay(options.limits.idle / 2).then([this]() -> kj::Promise<void> {
      for (auto& link: links) {
        auto messages = link->connection.getTraffic().messagesReceived;
        bool quiet = messages == link->messagesSeen;
        link->messagesSeen = messages;
        if (quiet && link->isIncoming() && link->connection.isIdle()) {
          tasks.add(close(*link, loop.timer().now() + CLOSING_MAX));
        }
      }
      watchingIdle = countIncoming() > 0;
      if (watchingIdle) return closeIdleLinks();
      return kj::READY_NOW;
    });
  }

  // Resolves when no call is outstanding on any link.
  kj::Promise<void> whenDrained() {
    for (auto& link: links) {
      if (link->connection.getCallsOutstanding() > 0) {
        return loop.timer().afterDelay(DRAIN_POLL).then([this]() { return whenDrained(); });
      }
    }
    return kj::READY_NOW;
  }

  // How often a draining vat looks whether its calls are done.
  static constexpr kj::Duration DRAIN_POLL = 5 * kj::MILLISECONDS;

  // Resolves when everything is written and the peer has closed its end too, or has had its time
  // to; at `deadline` at the latest.
  kj::Promise<void> close(Link& link, kj::TimePoint deadline) {
    auto peerCloses = [this, gone = link.connection.onDisconnect()]() mutable {
      return gone.exclusiveJoin(loop.timer().afterDelay(PEER_CLOSING_MAX));
    };
    return link.connection.close()
        .then(
            kj::mv(peerCloses), [](kj::Exception&&) -> kj::Promise<void> { return kj::READY_NOW; })
        .exclusiveJoin(loop.timer().atTime(deadline))
        .then([this, id = link.id]() { remove(id); });
  }

  // How long a peer that has been told everything may take to close its end.
  static constexpr kj::Duration PEER_CLOSING_MAX = 1 * kj::SECONDS;

  kj::Promise<void> closeAll(kj::TimePoint deadline) {
    kj::Vector<kj::Promise<void>> closing;
    for (auto& link: links) closing.add(close(*link, deadline));
    return kj::joinPromises(closing.releaseAsArray());
  }

  kj::Promise<void> shutdown(kj::Duration deadline) {
    stopping = true;
    stopped.fulfiller->fulfill();
    accepting.clear();
    receivers.clear();
    _::CallQueue::current().flush();
    for (auto& link: links) link->connection.drain();
    auto end = after(loop.timer().now(), deadline);
    auto drained = whenDrained().exclusiveJoin(loop.timer().atTime(end));
    if (durability.get() != nullptr) {
      drained = kj::joinPromises(kj::arr(kj::mv(drained), durability->drain(deadline)));
    }
    return drained.then(
        [this, end]() { return closeAll(kj::max(end, loop.timer().now() + CLOSING_AT_LEAST)); });
  }

  // What a shutdown always allows for answers to be written, even when its deadline has passed.
  static constexpr kj::Duration CLOSING_AT_LEAST = 100 * kj::MILLISECONDS;

  void taskFailed(kj::Exception&& exception) override {
    if (exception.getType() != kj::Exception::Type::DISCONNECTED) {
      KJ_LOG(ERROR, "a connection failed", exception);
    }
  }
};

Vat::Vat(): Vat(VatOptions()) {}
Vat::Vat(VatOptions options): impl(kj::heap<Impl>(kj::mv(options))) {}
Vat::~Vat() noexcept(false) { impl->end(); }

kj::WaitScope& Vat::waitScope() { return impl->loop.waitScope(); }
kj::Timer& Vat::timer() { return impl->loop.timer(); }
kj::Network& Vat::network() { return impl->loop.network(); }
Loop& Vat::loop() { return impl->loop; }

Traffic Vat::getTraffic() const {
  Traffic result = impl->closedTraffic;
  for (auto& link: impl->links) result += link->connection.getTraffic();
  return result;
}

kj::Own<capnp::ClientHook> Vat::connectHook(kj::StringPtr text) {
  auto address = parseAddress(text);
  if (impl->stopping) return capnp::newBrokenCap(shuttingDown());
  return kj::refcounted<ConnectedRef>(kj::addRef(*impl->connectorRef), address.host, address.name);
}

kj::Own<capnp::ClientHook> Vat::connectHook(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr name) {
  if (impl->stopping) return capnp::newBrokenCap(shuttingDown());
  auto& link = impl->add(kj::mv(stream), Connection::Side::CLIENT, "a stream");
  return capnp::ClientHook::from(link.connection.getObject(name));
}

Vat& Vat::serveClient(kj::StringPtr name, capnp::Capability::Client client) {
  impl->objects->serve(name, kj::mv(client));
  return *this;
}

kj::Own<_::RestorerHook> Vat::addRestorer(kj::StringPtr name, _::MakeServer make) {
  return impl->objects->addRestorer(name, kj::mv(make));
}

kj::Own<capnp::ClientHook> Vat::restoreHook(const SturdyRef& ref) {
  return impl->objects->restoreGiven(ref);
}

kj::Promise<void> Vat::revoke(kj::StringPtr name, kj::StringPtr key) {
  return impl->objects->revoke(name, key);
}

ObjectHost& Vat::getObjectHost() { return *impl->objects; }

kj::Promise<kj::Own<_::Message>> Vat::attachCall(kj::StringPtr id) {
  return kj::evalNow([&]() { return impl->requireDurability().attach(id); });
}

kj::Promise<void> Vat::cancel(kj::StringPtr id, kj::StringPtr reason) {
  return kj::evalNow([&]() { return impl->requireDurability().cancel(id, reason); });
}

kj::Promise<kj::Own<_::Work>> Vat::offloadWork(kj::Own<_::Work> work) {
  KJ_REQUIRE(!impl->stopping, "this vat is shutting down");
  return impl->offloads.run(kj::mv(work));
}

kj::Promise<uint> Vat::listen(kj::StringPtr address, ListenOptions options) {
  KJ_REQUIRE(!impl->stopping, "this vat is shutting down");
  return network().parseAddress(address).then(
      [this, options](kj::Own<kj::NetworkAddress>&& parsed) {
        // Shut down while the address was looked up.
        if (impl->stopping) return 0u;
        auto& receiver = *impl->receivers.add(impl->loop.listen(*parsed, options));
        impl->accepting.add(impl->acceptAll(receiver));
        return receiver.getPort();
      });
}

void Vat::accept(kj::Own<kj::AsyncIoStream> stream) { impl->accept(kj::mv(stream)); }

void Vat::run(kj::StringPtr address) {
  listen(address).wait(*this);
  run();
}

void Vat::run() {
  whenAskedToStop(impl->loop).exclusiveJoin(kj::mv(impl->stopped.promise)).wait(*this);
  shutdown(impl->options.drain).wait(*this);
}

kj::Promise<void> Vat::shutdown(kj::Duration deadline) { return impl->shutdown(deadline); }

}  // namespace troth

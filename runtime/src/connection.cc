#include "connection.h"

#include <capnp/message.h>
#include <capnp/serialize-async.h>
#include <kj/debug.h>

// Named objects travel in Bootstrap.deprecatedObjectId, the one convention for them that every
// C++ peer understands; see docs/decisions/001-names-in-bootstrap.md.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

namespace troth {

class Connection::Restorer final: public capnp::SturdyRefRestorer<capnp::Text> {
public:
  explicit Restorer(ObjectTable& objects): objects(objects) {}

  capnp::Capability::Client restore(capnp::Text::Reader name) override {
    return objects.getObject(name);
  }

private:
  ObjectTable& objects;
};

namespace {

// What a peer that is turned away may still send before its link is cut.
constexpr uint64_t TURNED_AWAY_BYTES_MAX = 64 * 1024;

// What may be read of a message, each time counted anew, where its size alone would allow less.
constexpr uint64_t WORDS_READ_MIN = 65536;

capnp::ReaderOptions readerOptions(const Limits& limits) {
  capnp::ReaderOptions options;
  // Messages over the limit are refused with words of our own, so the transport's is above.
  options.traversalLimitInWords = kj::max(limits.messageWords + 2, WORDS_READ_MIN);
  return options;
}

}  // namespace

Connection::Connection(kj::Own<kj::AsyncIoStream> streamParam, Side side, ObjectTable& objects,
    const Limits& limits, OutputGate& gate)
    : stream(kj::mv(streamParam)),
      ledger(limits),
      side(side),
      restorer(kj::heap<Restorer>(objects)),
      network(*stream, side, readerOptions(limits)),
      guarded(network, ledger, limits, gate),
      rpc(guarded, *restorer) {}

Connection::~Connection() noexcept(false) {}

capnp::Capability::Client Connection::getObject(kj::StringPtr name) {
  capnp::MallocMessageBuilder message(16);
  auto peer = message.getRoot<capnp::rpc::twoparty::VatId>();
  peer.setSide(side == Side::CLIENT ? Side::SERVER : Side::CLIENT);
  if (name.size() == 0) return rpc.bootstrap(peer);
  capnp::MallocMessageBuilder object;
  object.getRoot<capnp::AnyPointer>().setAs<capnp::Text>(name);
  return rpc.restore(peer, object.getRoot<capnp::AnyPointer>().asReader());
}

kj::Promise<void> Connection::close() { return guarded.close(); }

kj::Promise<void> turnAway(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr reason) {
  auto message = kj::heap<capnp::MallocMessageBuilder>();
  auto abort = message->initRoot<capnp::rpc::Message>().initAbort();
  abort.setReason(reason);
  abort.setType(capnp::rpc::Exception::Type::OVERLOADED);
  auto& s = *stream;
  return capnp::writeMessage(s, *message)
      .then([&s]() {
        s.shutdownWrite();
        // Closing while the peer still writes would reset the link before it has read the reason.
        return s.readAllBytes(TURNED_AWAY_BYTES_MAX).ignoreResult();
      })
      .attach(kj::mv(stream), kj::mv(message));
}

}  // namespace troth

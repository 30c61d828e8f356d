#pragma once
// A Ledger keeps the account of one connection: what its peer has in flight, what it holds, and
// what went over the wire.
//
// It sees every message of Cap'n Proto's RPC protocol in both directions and does no input or
// output, so that each of its rules can be tested without a socket. A call that is over a bound
// never reaches the RPC system: the ledger refuses it, and everything that is pipelined on it.

#include <capnp/rpc.capnp.h>
#include <kj/exception.h>
#include <kj/map.h>
#include <kj/vector.h>
#include <troth/limits.h>

namespace troth {

// Why a call is refused.
struct Refusal {
  uint32_t questionId;
  kj::Exception::Type type;
  kj::String reason;
};

class Ledger {
public:
  explicit Ledger(const Limits& limits): limits(limits) {}
  KJ_DISALLOW_COPY_AND_MOVE(Ledger);

  enum class Verdict { PASS, SWALLOW, REFUSE };

  // Accounts for a message that came in. A REFUSE verdict leaves the reason in `refusal`; the
  // answer to it must be passed to refused(). A SWALLOW message is about a refused call, and means
  // nothing to the RPC system.
  Verdict received(capnp::rpc::Message::Reader message, uint64_t words, uint64_t wordsQueued);
  Refusal refusal;

  // Accounts for a message that goes out.
  void sent(capnp::rpc::Message::Reader message, uint64_t words);

  // From now on every new call is refused with DISCONNECTED.
  void drain() { draining = true; }

  // Calls that the peer has made and that are not answered.
  uint32_t getCallsOutstanding() const { return callsOutstanding; }

  // Objects of ours that the peer holds.
  uint32_t getReferences() const { return exports.size(); }

  // Whether neither side has a call outstanding or holds an object of the other's.
  bool isIdle() const {
    return callsOutstanding == 0 && exports.size() == 0 && questionsOpen == 0 && imports <= 0;
  }

  // Whether the peer has answered anything: a call, or a request for an object.
  bool hasBeenAnswered() const { return answered; }

  const Traffic& getTraffic() const { return traffic; }

private:
  // A call that the peer has made, from its arrival until both sides have forgotten it.
  struct Answer {
    uint32_t depth = 0;

    // What the call has in wordsInFlight.
    uint64_t words = 0;
    bool returned = false;
    bool finished = false;
    bool refused = false;

    // The peer wants no answer, and ends the call with its Finish alone.
    bool needsNoReturn = false;

    // The Finish that came said to drop the objects in the results.
    bool releaseResults = false;
    kj::Vector<uint32_t> exports;
  };

  const Limits& limits;
  Traffic traffic;
  bool draining = false;
  bool answered = false;
  bool answeredSinceCall = true;
  uint32_t callsOutstanding = 0;
  uint64_t wordsInFlight = 0;
  kj::HashMap<uint32_t, Answer> answers;

  // How many references the peer holds to each exported object.
  kj::HashMap<uint32_t, uint32_t> exports;

  // Our own requests for the peer's objects.
  kj::HashSet<uint32_t> bootstraps;

  // Exports in the parameters of our own calls, by question: only of calls that have any.
  kj::HashMap<uint32_t, kj::Vector<uint32_t>> paramExports;

  // Our own calls that are not answered, and those of them whose results we have said to drop.
  uint32_t questionsOpen = 0;
  kj::HashSet<uint32_t> canceled;

  // References that we hold to objects of the peer's.
  int64_t imports = 0;

  Verdict receivedCall(capnp::rpc::Call::Reader call, uint64_t words, uint64_t wordsQueued);
  Verdict receivedBootstrap(uint32_t questionId, uint64_t words, uint64_t wordsQueued);
  Verdict receivedFinish(capnp::rpc::Finish::Reader finish);
  void receivedReturn(capnp::rpc::Return::Reader ret);
  void sentReturn(capnp::rpc::Return::Reader ret, uint64_t words);
  void sentCall(capnp::rpc::Call::Reader call);
  void sentFinish(capnp::rpc::Finish::Reader finish);

  // Why a call or a bootstrap is over a bound, if it is.
  kj::Maybe<kj::String> findBound(uint64_t words, uint64_t wordsQueued);
  kj::Maybe<kj::String> findBound(capnp::rpc::Call::Reader call, uint32_t depth);
  Verdict refuse(uint32_t questionId, kj::Exception::Type type, kj::String reason);

  // Whether the peer has used this id for a call that is not done. Throws if we refused that call.
  bool isInUse(uint32_t questionId);
  uint32_t depthOf(capnp::rpc::Call::Reader call);
  bool dependsOnRefused(capnp::rpc::Call::Reader call);
  Answer& admit(uint32_t questionId, uint32_t depth, uint64_t words);
  void setReturned(Answer& answer, uint64_t wordsHeld);
  void closeAnswer(uint32_t questionId, Answer& answer);

  kj::Vector<uint32_t> addExports(capnp::rpc::Payload::Reader payload);
  void addExport(capnp::rpc::CapDescriptor::Reader descriptor, kj::Vector<uint32_t>& ids);
  void release(uint32_t exportId, uint32_t count);
  void addImports(capnp::rpc::Payload::Reader payload);
  void addImport(capnp::rpc::CapDescriptor::Reader descriptor);
};

}  // namespace troth

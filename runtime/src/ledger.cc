#include "ledger.h"

#include <kj/debug.h>

namespace troth {

using capnp::rpc::Message;

Traffic& Traffic::operator+=(const Traffic& other) {
  callsSent += other.callsSent;
  callsReceived += other.callsReceived;
  callsRefused += other.callsRefused;
  roundTrips += other.roundTrips;
  messagesSent += other.messagesSent;
  messagesReceived += other.messagesReceived;
  wordsSent += other.wordsSent;
  wordsReceived += other.wordsReceived;
  return *this;
}

// =======================================================================================
// What comes in

Ledger::Verdict Ledger::received(Message::Reader message, uint64_t words, uint64_t wordsQueued) {
  ++traffic.messagesReceived;
  traffic.wordsReceived += words;
  switch (message.which()) {
    case Message::CALL:
      return receivedCall(message.getCall(), words, wordsQueued);
    case Message::BOOTSTRAP:
      admit(message.getBootstrap().getQuestionId(), 0, words);
      return Verdict::PASS;
    case Message::FINISH:
      return receivedFinish(message.getFinish());
    case Message::RETURN:
      receivedReturn(message.getReturn());
      return Verdict::PASS;
    case Message::RELEASE:
      release(message.getRelease().getId(), message.getRelease().getReferenceCount());
      return Verdict::PASS;
    default:
      return Verdict::PASS;
  }
}

Ledger::Verdict Ledger::receivedCall(
    capnp::rpc::Call::Reader call, uint64_t words, uint64_t wordsQueued) {
  ++traffic.callsReceived;
  auto depth = depthOf(call.getTarget());
  KJ_IF_MAYBE (r, findRefusal(call, depth, words, wordsQueued)) {
    ++traffic.callsRefused;
    refusal = kj::mv(*r);
    auto& answer = answers.upsert(call.getQuestionId(), Answer(), [](Answer&, Answer&&) {}).value;
    answer.refused = true;
    return Verdict::REFUSE;
  }
  admit(call.getQuestionId(), depth, words);
  return Verdict::PASS;
}

kj::Maybe<Refusal> Ledger::findRefusal(
    capnp::rpc::Call::Reader call, uint32_t depth, uint64_t words, uint64_t wordsQueued) {
  auto refuse = [&](auto&&... reason) -> kj::Maybe<Refusal> {
    return Refusal{call.getQuestionId(), kj::Exception::Type::OVERLOADED,
        kj::str(kj::fwd<decltype(reason)>(reason)...)};
  };
  if (draining) {
    return Refusal{call.getQuestionId(), kj::Exception::Type::DISCONNECTED,
        kj::str("this vat is shutting down; reconnect, then retry")};
  }
  if (isRefused(call.getTarget())) {
    return refuse("the call that this one is pipelined on was refused");
  }
  if (callsOutstanding >= limits.callsOutstanding) {
    return refuse("too many calls outstanding on this connection (limit callsOutstanding = ",
        limits.callsOutstanding, "); retry later");
  }
  if (wordsInFlight + words > limits.wordsInFlight) {
    return refuse("too many words of calls outstanding on this connection (limit wordsInFlight = ",
        limits.wordsInFlight, "); retry later");
  }
  if (wordsQueued > limits.wordsQueued) {
    return refuse("too many words of answers wait to be read (limit wordsQueued = ",
        limits.wordsQueued, "); read them, then retry");
  }
  if (exports.size() >= limits.references) {
    return refuse("too many references held over this connection (limit references = ",
        limits.references, "); drop some, then retry");
  }
  if (depth > limits.pipelineDepth) {
    return refuse("too many calls pipelined on each other (limit pipelineDepth = ",
        limits.pipelineDepth, "); await one of them first");
  }
  return nullptr;
}

uint32_t Ledger::depthOf(capnp::rpc::MessageTarget::Reader target) {
  if (!target.isPromisedAnswer()) return 0;
  KJ_IF_MAYBE (answer, answers.find(target.getPromisedAnswer().getQuestionId())) {
    if (!answer->returned) return answer->depth + 1;
  }
  return 0;
}

bool Ledger::isRefused(capnp::rpc::MessageTarget::Reader target) {
  if (!target.isPromisedAnswer()) return false;
  KJ_IF_MAYBE (answer, answers.find(target.getPromisedAnswer().getQuestionId())) {
    return answer->refused;
  }
  return false;
}

void Ledger::admit(uint32_t questionId, uint32_t depth, uint64_t words) {
  // An id that is in use already is an error of the peer's, which the RPC system answers.
  if (answers.find(questionId) != nullptr) return;
  auto& answer = answers.insert(questionId, Answer()).value;
  answer.depth = depth;
  answer.words = words;
  ++callsOutstanding;
  wordsInFlight += words;
}

Ledger::Verdict Ledger::receivedFinish(capnp::rpc::Finish::Reader finish) {
  auto id = finish.getQuestionId();
  KJ_IF_MAYBE (answer, answers.find(id)) {
    if (answer->refused) {
      answers.erase(id);
      return Verdict::SWALLOW;
    }
    if (finish.getReleaseResultCaps()) {
      for (auto exportId: answer->exports) release(exportId, 1);
    }
    answer->finished = true;
    closeAnswer(id, *answer);
  }
  return Verdict::PASS;
}

void Ledger::receivedReturn(capnp::rpc::Return::Reader ret) {
  answeredSinceCall = true;
  KJ_IF_MAYBE (ids, paramExports.find(ret.getAnswerId())) {
    if (ret.getReleaseParamCaps()) {
      for (auto exportId: *ids) release(exportId, 1);
    }
    paramExports.erase(ret.getAnswerId());
  }
}

// =======================================================================================
// What goes out

void Ledger::sent(Message::Reader message, uint64_t words) {
  ++traffic.messagesSent;
  traffic.wordsSent += words;
  switch (message.which()) {
    case Message::CALL: {
      auto call = message.getCall();
      sentCall();
      auto ids = addExports(call.getParams());
      if (!ids.empty()) paramExports.upsert(call.getQuestionId(), kj::mv(ids));
      break;
    }
    case Message::RETURN:
      sentReturn(message.getReturn());
      break;
    case Message::RESOLVE:
      if (message.getResolve().isCap()) {
        kj::Vector<uint32_t> ids;
        addExport(message.getResolve().getCap(), ids);
      }
      break;
    default:
      break;
  }
}

void Ledger::sentCall() {
  ++traffic.callsSent;
  if (answeredSinceCall) {
    ++traffic.roundTrips;
    answeredSinceCall = false;
  }
}

void Ledger::sentReturn(capnp::rpc::Return::Reader ret) {
  auto id = ret.getAnswerId();
  KJ_IF_MAYBE (answer, answers.find(id)) {
    if (answer->refused || answer->returned) return;
    answer->returned = true;
    --callsOutstanding;
    wordsInFlight -= answer->words;
    if (ret.isResults()) answer->exports = addExports(ret.getResults());
    if (ret.getNoFinishNeeded()) answer->finished = true;
    closeAnswer(id, *answer);
  }
}

void Ledger::closeAnswer(uint32_t questionId, Answer& answer) {
  if (answer.finished && answer.returned) answers.erase(questionId);
}

// =======================================================================================
// References

kj::Vector<uint32_t> Ledger::addExports(capnp::rpc::Payload::Reader payload) {
  kj::Vector<uint32_t> ids;
  for (auto descriptor: payload.getCapTable()) addExport(descriptor, ids);
  return ids;
}

void Ledger::addExport(
    capnp::rpc::CapDescriptor::Reader descriptor, kj::Vector<uint32_t>& ids) {
  uint32_t id;
  if (descriptor.isSenderHosted()) {
    id = descriptor.getSenderHosted();
  } else if (descriptor.isSenderPromise()) {
    id = descriptor.getSenderPromise();
  } else {
    return;
  }
  ++exports.findOrCreate(id, [&]() { return kj::HashMap<uint32_t, uint32_t>::Entry{id, 0}; });
  ids.add(id);
}

void Ledger::release(uint32_t exportId, uint32_t count) {
  KJ_IF_MAYBE (references, exports.find(exportId)) {
    if (*references > count) {
      *references -= count;
    } else {
      exports.erase(exportId);
    }
  }
}

}  // namespace troth

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

namespace {

// Calls `each` with every question whose promised result `call` is made on or passes on.
template <typename Each>
void forEachSource(capnp::rpc::Call::Reader call, Each&& each) {
  if (call.getTarget().isPromisedAnswer()) {
    each(call.getTarget().getPromisedAnswer().getQuestionId());
  }
  for (auto descriptor: call.getParams().getCapTable()) {
    if (descriptor.isReceiverAnswer()) each(descriptor.getReceiverAnswer().getQuestionId());
  }
}

}  // namespace

// =======================================================================================
// What comes in

Ledger::Verdict Ledger::received(Message::Reader message, uint64_t words, uint64_t wordsQueued) {
  ++traffic.messagesReceived;
  traffic.wordsReceived += words;
  switch (message.which()) {
    case Message::CALL: return receivedCall(message.getCall(), words, wordsQueued);
    case Message::BOOTSTRAP:
      return receivedBootstrap(message.getBootstrap().getQuestionId(), words, wordsQueued);
    case Message::FINISH: return receivedFinish(message.getFinish());
    case Message::RETURN:
      answered = true;
      receivedReturn(message.getReturn());
      return Verdict::PASS;
    case Message::RELEASE:
      release(message.getRelease().getId(), message.getRelease().getReferenceCount());
      return Verdict::PASS;
    case Message::RESOLVE:
      if (message.getResolve().isCap()) addImport(message.getResolve().getCap());
      return Verdict::PASS;
    default: return Verdict::PASS;
  }
}

Ledger::Verdict Ledger::receivedCall(
    capnp::rpc::Call::Reader call, uint64_t words, uint64_t wordsQueued) {
  auto id = call.getQuestionId();
  ++traffic.callsReceived;
  if (isInUse(id)) return Verdict::PASS;
  if (draining) {
    return refuse(id, kj::Exception::Type::DISCONNECTED,
        kj::str("this vat is shutting down; reconnect, then retry"));
  }
  auto depth = depthOf(call);
  KJ_IF_MAYBE(reason, findBound(call, depth)) {
    return refuse(id, kj::Exception::Type::OVERLOADED, kj::mv(*reason));
  }
  KJ_IF_MAYBE(reason, findBound(words, wordsQueued)) {
    return refuse(id, kj::Exception::Type::OVERLOADED, kj::mv(*reason));
  }
  auto& answer = admit(id, depth, words);
  answer.needsNoReturn = call.getOnlyPromisePipeline() && call.getSendResultsTo().isCaller();
  addImports(call.getParams());
  return Verdict::PASS;
}

Ledger::Verdict Ledger::receivedBootstrap(
    uint32_t questionId, uint64_t words, uint64_t wordsQueued) {
  if (isInUse(questionId)) return Verdict::PASS;
  if (draining) {
    return refuse(questionId, kj::Exception::Type::DISCONNECTED,
        kj::str("this vat is shutting down; reconnect, then retry"));
  }
  KJ_IF_MAYBE(reason, findBound(words, wordsQueued)) {
    return refuse(questionId, kj::Exception::Type::OVERLOADED, kj::mv(*reason));
  }
  admit(questionId, 0, words);
  return Verdict::PASS;
}

Ledger::Verdict Ledger::refuse(uint32_t questionId, kj::Exception::Type type, kj::String reason) {
  ++traffic.callsRefused;
  refusal = Refusal{questionId, type, kj::mv(reason)};
  answers.insert(questionId, Answer()).value.refused = true;
  return Verdict::REFUSE;
}

kj::Maybe<kj::String> Ledger::findBound(capnp::rpc::Call::Reader call, uint32_t depth) {
  if (dependsOnRefused(call)) {
    return kj::str("a call that this one depends on was refused");
  }
  if (depth > limits.pipelineDepth) {
    return kj::str("too many calls pipelined on each other (limit pipelineDepth = ",
        limits.pipelineDepth, "); await one of them first");
  }
  return nullptr;
}

kj::Maybe<kj::String> Ledger::findBound(uint64_t words, uint64_t wordsQueued) {
  if (callsOutstanding >= limits.callsOutstanding) {
    return kj::str("too many calls outstanding on this connection (limit callsOutstanding = ",
        limits.callsOutstanding, "); retry later");
  }
  if (words > limits.wordsInFlight || wordsInFlight > limits.wordsInFlight - words) {
    return kj::str("too many words of calls and answers on this connection (limit wordsInFlight = ",
        limits.wordsInFlight, "); retry later");
  }
  if (wordsQueued > limits.wordsQueued) {
    return kj::str("too many words of answers wait to be read (limit wordsQueued = ",
        limits.wordsQueued, "); read them, then retry");
  }
  if (exports.size() >= limits.references) {
    return kj::str("too many references held over this connection (limit references = ",
        limits.references, "); drop some, then retry");
  }
  if (answers.size() >= uint64_t(limits.callsOutstanding) + limits.references) {
    return kj::str("too many answers held over this connection (limits callsOutstanding = ",
        limits.callsOutstanding, ", references = ", limits.references, "); drop some, then retry");
  }
  return nullptr;
}

bool Ledger::isInUse(uint32_t questionId) {
  KJ_IF_MAYBE(answer, answers.find(questionId)) {
    KJ_REQUIRE(!answer->refused, "the peer used the id of a refused call again", questionId);
    // The RPC system ends the connection for this.
    return true;
  }
  return false;
}

uint32_t Ledger::depthOf(capnp::rpc::Call::Reader call) {
  uint32_t depth = 0;
  forEachSource(call, [&](uint32_t questionId) {
    KJ_IF_MAYBE(answer, answers.find(questionId)) {
      if (!answer->returned) depth = kj::max(depth, answer->depth + 1);
    }
  });
  return depth;
}

bool Ledger::dependsOnRefused(capnp::rpc::Call::Reader call) {
  bool result = false;
  forEachSource(call, [&](uint32_t questionId) {
    KJ_IF_MAYBE(answer, answers.find(questionId)) {
      result = result || answer->refused;
    }
  });
  return result;
}

Ledger::Answer& Ledger::admit(uint32_t questionId, uint32_t depth, uint64_t words) {
  auto& answer = answers.insert(questionId, Answer()).value;
  answer.depth = depth;
  answer.words = words;
  ++callsOutstanding;
  wordsInFlight += words;
  return answer;
}

Ledger::Verdict Ledger::receivedFinish(capnp::rpc::Finish::Reader finish) {
  auto id = finish.getQuestionId();
  KJ_IF_MAYBE(answer, answers.find(id)) {
    if (answer->refused) {
      answers.erase(id);
      return Verdict::SWALLOW;
    }
    answer->releaseResults = finish.getReleaseResultCaps();
    if (answer->releaseResults) {
      for (auto exportId: answer->exports) release(exportId, 1);
    }
    answer->finished = true;
    if (answer->needsNoReturn && !answer->returned) setReturned(*answer, 0);
    closeAnswer(id, *answer);
  }
  return Verdict::PASS;
}

void Ledger::receivedReturn(capnp::rpc::Return::Reader ret) {
  auto id = ret.getAnswerId();
  if (!bootstraps.eraseMatch(id)) answeredSinceCall = true;
  if (questionsOpen > 0) --questionsOpen;
  KJ_IF_MAYBE(ids, paramExports.find(id)) {
    if (ret.getReleaseParamCaps()) {
      for (auto exportId: *ids) release(exportId, 1);
    }
    paramExports.erase(id);
  }
  bool dropped = canceled.size() > 0 && canceled.eraseMatch(id);
  if (!dropped && ret.isResults()) addImports(ret.getResults());
}

// =======================================================================================
// What goes out

void Ledger::sent(Message::Reader message, uint64_t words) {
  ++traffic.messagesSent;
  traffic.wordsSent += words;
  switch (message.which()) {
    case Message::CALL: sentCall(message.getCall()); break;
    case Message::BOOTSTRAP:
      ++questionsOpen;
      bootstraps.insert(message.getBootstrap().getQuestionId());
      break;
    case Message::RETURN: sentReturn(message.getReturn(), words); break;
    case Message::FINISH: sentFinish(message.getFinish()); break;
    case Message::RELEASE: imports -= message.getRelease().getReferenceCount(); break;
    case Message::RESOLVE:
      if (message.getResolve().isCap()) {
        kj::Vector<uint32_t> ids;
        addExport(message.getResolve().getCap(), ids);
      }
      break;
    default: break;
  }
}

void Ledger::sentCall(capnp::rpc::Call::Reader call) {
  ++traffic.callsSent;
  if (answeredSinceCall) {
    ++traffic.roundTrips;
    answeredSinceCall = false;
  }
  if (!call.getOnlyPromisePipeline()) ++questionsOpen;
  auto ids = addExports(call.getParams());
  if (!ids.empty()) paramExports.upsert(call.getQuestionId(), kj::mv(ids));
}

void Ledger::sentFinish(capnp::rpc::Finish::Reader finish) {
  if (finish.getReleaseResultCaps()) canceled.upsert(finish.getQuestionId(), [](auto&, auto&&) {});
}

void Ledger::sentReturn(capnp::rpc::Return::Reader ret, uint64_t words) {
  auto id = ret.getAnswerId();
  KJ_IF_MAYBE(answer, answers.find(id)) {
    if (answer->refused || answer->returned) return;
    if (ret.isResults() && !answer->releaseResults) {
      answer->exports = addExports(ret.getResults());
    }
    if (ret.getNoFinishNeeded()) answer->finished = true;
    // The RPC system keeps results that objects can be asked of.
    setReturned(*answer, answer->exports.empty() ? 0 : words);
    closeAnswer(id, *answer);
  }
}

void Ledger::setReturned(Answer& answer, uint64_t wordsHeld) {
  answer.returned = true;
  --callsOutstanding;
  wordsInFlight += wordsHeld - answer.words;
  answer.words = wordsHeld;
}

void Ledger::closeAnswer(uint32_t questionId, Answer& answer) {
  if (!answer.finished || !answer.returned) return;
  wordsInFlight -= answer.words;
  answers.erase(questionId);
}

// =======================================================================================
// References

kj::Vector<uint32_t> Ledger::addExports(capnp::rpc::Payload::Reader payload) {
  kj::Vector<uint32_t> ids;
  for (auto descriptor: payload.getCapTable()) addExport(descriptor, ids);
  return ids;
}

void Ledger::addExport(capnp::rpc::CapDescriptor::Reader descriptor, kj::Vector<uint32_t>& ids) {
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
  KJ_IF_MAYBE(references, exports.find(exportId)) {
    if (*references > count) {
      *references -= count;
    } else {
      exports.erase(exportId);
    }
  }
}

void Ledger::addImports(capnp::rpc::Payload::Reader payload) {
  for (auto descriptor: payload.getCapTable()) addImport(descriptor);
}

void Ledger::addImport(capnp::rpc::CapDescriptor::Reader descriptor) {
  if (descriptor.isSenderHosted() || descriptor.isSenderPromise()) ++imports;
}

}  // namespace troth

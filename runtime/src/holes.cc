// How a call whose arguments are promises is sent: see schema/troth/object.capnp.

#include <kj/debug.h>
#include <troth/object.capnp.h>
#include <troth/pending-call.h>

#include "invoke-form.h"

namespace troth::_ {

using wire::Object;
using Support = Peers::Support;

namespace {

constexpr uint16_t RESULTS_POINTER = 0;
constexpr uint16_t ANSWER_POINTER = 1;
constexpr uint16_t INVOKE = 0;

capnp::PipelineOp pointerField(uint16_t index) {
  capnp::PipelineOp op;
  op.type = capnp::PipelineOp::GET_POINTER_FIELD;
  op.pointerIndex = index;
  return op;
}

// Who is at the end of `hook`.
const void* peerOf(capnp::ClientHook& hook) {
  auto at = &hook;
  for (;;) {
    KJ_IF_MAYBE (resolved, at->getResolved()) {
      at = resolved;
    } else {
      return at->getBrand();
    }
  }
}

void writePath(kj::Maybe<kj::Own<Path>>& path, kj::Vector<uint16_t>& indexes) {
  KJ_IF_MAYBE (step, path) {
    writePath(step->get()->parent, indexes);
    indexes.add(step->get()->field.index);
  }
}

}  // namespace

capnp::AnyPointer::Reader resultsOfInvoke(capnp::AnyPointer::Reader response) {
  return response.getAs<Object::InvokeResults>().getResults();
}

kj::Array<capnp::PipelineOp> operationsInInvoke(kj::ArrayPtr<const capnp::PipelineOp> operations) {
  kj::Vector<capnp::PipelineOp> result(operations.size() + 1);
  result.add(pointerField(RESULTS_POINTER));
  result.addAll(operations);
  return result.releaseAsArray();
}

kj::Array<capnp::PipelineOp> operationsToAnswer() {
  return kj::heapArray({pointerField(ANSWER_POINTER)});
}

void PendingCall::addHole(Field param, Source source, Fill fill) {
  KJ_REQUIRE(draft != nullptr, "a parameter that is a promise must be set as an argument");
  holes.add(kj::heap<Hole>(*this, param, kj::mv(source), kj::mv(fill)));
}

void PendingCall::nameSources() {
  for (auto& hole: holes) {
    if (!hole->source.call->isSent()) hole->source.call->setNameable();
  }
}

// Fills what is known already. Throws what broke a source.
void PendingCall::fillSettled() {
  for (auto& hole: holes) {
    if (hole->filled || !hole->source.call->isSettled()) continue;
    KJ_IF_MAYBE (failure, hole->source.call->getFailure()) {
      kj::throwFatalException(kj::cp(*failure));
    }
    hole->fill(params(), hole->source);
    hole->filled = true;
  }
}

bool PendingCall::canInvoke() {
  peer = peerOf(resolveTarget());
  if (kind == Kind::STREAMING || CallQueue::current().peers.get(peer) == Support::NO) return false;
  for (auto& hole: holes) {
    if (!hole->filled && hole->source.call->getAnswer() == nullptr) return false;
  }
  return true;
}

kj::Maybe<kj::Own<capnp::ClientHook>> PendingCall::getAnswer() {
  if (state != State::SENT || form != Form::INVOKE) return nullptr;
  return KJ_ASSERT_NONNULL(carrier).getPipelined(operationsToAnswer());
}

void PendingCall::startInvoke() {
  auto& peers = CallQueue::current().peers;
  if (peers.get(peer) == Support::UNKNOWN) peers.set(peer, Support::TRYING);
  bool keep = peers.get(peer) != Support::YES;
  if (keep) keepDraft();

  auto own = params().asReader();
  auto size = own.targetSize();
  size.wordCount += capnp::sizeInWords<Object::InvokeParams>() + 8 * holes.size() + 1;
  size.capCount += holes.size();
  auto outer = resolveTarget().newCall(capnp::typeId<Object>(), INVOKE, size, {});
  auto invoke = outer.initAs<Object::InvokeParams>();
  invoke.setInterfaceId(method.interfaceId);
  invoke.setMethodId(method.id);
  invoke.getParams().set(own);

  kj::Vector<Hole*> open;
  for (auto& hole: holes) {
    if (!hole->filled) open.add(hole.get());
  }
  if (!open.empty()) {
    auto list = invoke.initHoles(open.size());
    for (uint i = 0; i < open.size(); ++i) {
      auto& hole = *open[i];
      list[i].setParam(hole.param.index);
      list[i].setSource(
          wire::Answer::Client(KJ_ASSERT_NONNULL(hole.source.call->getAnswer())));
      kj::Vector<uint16_t> path;
      writePath(hole.source.path, path);
      list[i].setPath(path.asPtr());
    }
  }
  form = Form::INVOKE;
  request = nullptr;
  if (!keep) draft = nullptr;
  carrier.emplace(kj::mv(outer), Kind::PLAIN, static_cast<OutcomeSink&>(*this));
}

// Makes sure that the parameters can be used more than once.
void PendingCall::keepDraft() {
  KJ_IF_MAYBE (r, request) {
    auto copy = kj::heap<Draft>();
    copy->capabilities.imbue(copy->message.getRoot<capnp::AnyPointer>()).set(r->asReader());
    draft = kj::mv(copy);
    request = nullptr;
  }
}

void PendingCall::waitForSources() {
  state = State::WAITING;
  for (auto& hole: holes) {
    if (!hole->filled && !hole->link.isLinked()) hole->source.call->addWaiter(*hole);
  }
}

void PendingCall::sourceSettled() {
  if (state != State::WAITING) return;
  for (auto& hole: holes) {
    if (hole->source.call->getFailure() != nullptr) break;
    if (!hole->source.call->isSettled()) return;
  }
  state = State::PENDING;
  CallQueue::current().addAgain(*this);
}

// Whether the peer has just told that it does not implement Object. Then nothing has run there.
bool PendingCall::isRefusedInvoke(const kj::Exception& exception) {
  return form == Form::INVOKE && draft != nullptr &&
      exception.getType() == kj::Exception::Type::UNIMPLEMENTED &&
      CallQueue::current().peers.get(peer) != Support::YES;
}

// Sends everything that went to the peer in that form once more, in the order in which it was made.
void PendingCall::resendToPeer() {
  auto& queue = CallQueue::current();
  queue.peers.set(peer, Support::NO);
  for (auto& call: queue.open) {
    if (call.state == State::SENT && call.form == Form::INVOKE && call.peer == peer) call.resend();
  }
}

void PendingCall::resend() {
  state = State::PENDING;
  form = Form::PLAIN;
  for (auto& waiter: waiters) waiter.resent();
  CallQueue::current().addAgain(*this);
}

}  // namespace troth::_

// How a call whose arguments are promises is sent: see schema/troth/object.capnp.

#include <kj/debug.h>
#include <string.h>

#include <algorithm>

#include <troth/object.capnp.h>
#include <troth/promise.h>
#include <troth/recorder.h>

#include "call-deadline.h"
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

// Where the mark of addInvokedMark() is in the words of `exception`; null if it has none.
const char* findInvokedMark(const kj::Exception& exception) {
  if (exception.getType() != kj::Exception::Type::UNIMPLEMENTED) return nullptr;
  return strstr(exception.getDescription().cStr(), INVOKED.cStr());
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

kj::Array<uint16_t> listSteps(kj::Maybe<const Path&> path) {
  kj::Vector<uint16_t> steps;
  for (auto at = path; at != nullptr;) {
    auto& step = KJ_ASSERT_NONNULL(at);
    steps.add(step.field.index);
    at = Path::refer(step.parent);
  }
  std::reverse(steps.begin(), steps.end());
  return steps.releaseAsArray();
}

kj::Array<capnp::PipelineOp> operationsToAnswer() {
  return kj::heapArray({pointerField(ANSWER_POINTER)});
}

void addInvokedMark(kj::Exception& exception) {
  if (exception.getType() == kj::Exception::Type::UNIMPLEMENTED &&
      findInvokedMark(exception) == nullptr) {
    exception.setDescription(kj::str(INVOKED, exception.getDescription()));
  }
}

void removeInvokedMark(kj::Exception& exception) {
  auto mark = findInvokedMark(exception);
  if (mark == nullptr) return;
  auto text = exception.getDescription();
  exception.setDescription(kj::str(text.slice(0, mark - text.begin()), mark + INVOKED.size()));
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
    KJ_IF_MAYBE(failure, hole->source.call->getFailure()) {
      kj::throwFatalException(kj::cp(*failure));
    }
    hole->fill(params(), hole->source);
    hole->filled = true;
  }
}

bool PendingCall::canInvoke() {
  peer = innermostTarget().getBrand();
  if (kind == Kind::STREAMING) return false;
  bool here = canInvokeHere();
  if (!here && CallQueue::current().peers.get(peer) == Support::NO) return false;
  uint open = 0;
  for (auto& hole: holes) {
    if (hole->filled) continue;
    if (here) return false;
    auto path = Path::refer(hole->source.path);
    if (++open > HOLES_MAX || !hole->source.call->canName(path)) return false;
    if (hole->source.call->getAnswer() == nullptr) return false;
  }
  return true;
}

kj::Maybe<kj::Own<capnp::ClientHook>> PendingCall::getAnswer() {
  if (state != State::SENT || form != Form::INVOKE || !named) return nullptr;
  // Null while the call is being written, which can send what was made after it.
  return carrier.map([](Carrier& c) { return c.getPipelined(operationsToAnswer()); });
}

// Whether what is at `path` has a name on the wire. The peer does not know the types of what a map
// gave, and so finds nothing in its elements.
bool PendingCall::canName(kj::Maybe<const Path&> path) const {
  auto steps = listSteps(path).size();
  return steps <= (plan == nullptr ? PATH_MAX_STEPS : 1);
}

// In the answer of a map the list is one of its results.
kj::Array<uint16_t> PendingCall::pathInAnswer(kj::Maybe<const Path&> path) const {
  auto steps = listSteps(path);
  if (plan == nullptr || isRecorded()) return steps;
  constexpr uint16_t VALUES = 0;
  kj::Vector<uint16_t> result(steps.size() + 1);
  result.add(VALUES);
  result.addAll(steps);
  return result.releaseAsArray();
}

// The object at `path`, which only who has the results finds: the peer, if the outcome has a name
// there, or we.
kj::Own<capnp::ClientHook> PendingCall::getObjectThatIsRead(const Path& path) {
  auto read = [](PendingCall& call, const Path& path) {
    return Path::followToObject(call.getResults(), path);
  };
  if (isSettled()) {
    kj::Own<capnp::ClientHook> object;
    KJ_IF_MAYBE(e, kj::runCatchingExceptions([&]() { object = read(*this, path); })) {
      return capnp::newBrokenCap(kj::mv(*e));
    }
    return object;
  }
  auto own = kj::addRef(const_cast<Path&>(path));
  if (canName(path)) {
    KJ_IF_MAYBE(answer, getAnswer()) {
      auto steps = pathInAnswer(path);
      return capnp::ClientHook::from(
          getObjectIn(wire::Answer::Client(kj::mv(*answer)), steps.asPtr()));
    }
  }
  return capnp::newLocalPromiseClient(
      whenSettled().then([self = kj::addRef(*this), path = kj::mv(own), read]() mutable {
        return read(*self, *path);
      }));
}

void PendingCall::startInvoke() {
  auto& peers = CallQueue::current().peers;
  if (peers.get(peer) == Support::UNKNOWN) peers.set(peer, Support::TRYING);

  auto own = params().asReader();
  auto size = own.targetSize();
  size.wordCount += capnp::sizeInWords<Object::InvokeParams>() + 8 * holes.size() + 1 +
      capnp::sizeInWords<wire::CallOptions>();
  size.capCount += holes.size();
  auto outer = resolveTarget().newCall(capnp::typeId<Object>(), INVOKE, size, {});
  auto invoke = outer.initAs<Object::InvokeParams>();
  invoke.setInterfaceId(method.interfaceId);
  invoke.setMethodId(method.id);
  invoke.setNamed(nameable);
  named = nameable;
  invoke.getParams().set(own);
  auto left = timeLeft();
  if (left != nullptr || durable != nullptr) {
    auto options = invoke.initOptions();
    KJ_IF_MAYBE(time, left) options.setTimeLeft(*time);
    KJ_IF_MAYBE(d, durable) {
      options.setDurable((*d)->id);
      if ((*d)->parent.size() > 0) options.setParent((*d)->parent);
      if ((*d)->cancelReason.size() > 0) options.setCancelReason((*d)->cancelReason);
    }
  }

  kj::Vector<Hole*> open;
  for (auto& hole: holes) {
    if (!hole->filled) open.add(hole.get());
  }
  if (!open.empty()) {
    auto list = invoke.initHoles(open.size());
    for (uint i = 0; i < open.size(); ++i) {
      auto& hole = *open[i];
      list[i].setParam(hole.param.index);
      list[i].setSource(wire::Answer::Client(KJ_ASSERT_NONNULL(hole.source.call->getAnswer())));
      list[i].setPath(hole.source.call->pathInAnswer(Path::refer(hole.source.path)));
    }
  }
  form = Form::INVOKE;
  peers.learnLink(peer,
      [&]() { carrier.emplace(kj::mv(outer), Kind::PLAIN, static_cast<OutcomeSink&>(*this)); });
}

// Moves the parameters out of a request, which is bound to one target.
void PendingCall::keepDraft() {
  KJ_IF_MAYBE(r, request) {
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

// =======================================================================================
// What may be sent once more: see resend.cc

// Whether the object has just told that it has no invoke.
bool PendingCall::isRefusedInvoke(const kj::Exception& exception) {
  return form == Form::INVOKE && exception.getType() == kj::Exception::Type::UNIMPLEMENTED &&
      findInvokedMark(exception) == nullptr && !isTargetBroken();
}

bool PendingCall::isTargetBroken() {
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    return promised->getFailure() != nullptr;
  }
  return false;
}

// Whether the target comes from a call that may still have to be sent once more.
bool PendingCall::isTargetInDoubt() {
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    KJ_IF_MAYBE(call, promised->getCall()) {
      return call->inDoubt;
    }
  }
  return false;
}

capnp::ClientHook& PendingCall::innermostTarget() { return innermostOf(resolveTarget()); }

capnp::ClientHook& innermostOf(capnp::ClientHook& object) {
  auto at = &object;
  for (;;) {
    KJ_IF_MAYBE(resolved, at->getResolved()) {
      at = resolved;
    } else {
      return *at;
    }
  }
}

// Whether `call` may yet have to be sent once more because of what another peer does.
bool PendingCall::mayBeRefusedElsewhere(PendingCall& call) {
  return !call.isSettled() && call.inDoubt && (call.inDoubtElsewhere || call.peer != peer);
}

// The same for the call that `object` comes from.
bool PendingCall::mayBeRefusedElsewhere(capnp::ClientHook& object) {
  KJ_IF_MAYBE(promised, PromisedRef::from(object)) {
    KJ_IF_MAYBE(call, promised->getCall()) {
      return mayBeRefusedElsewhere(*call);
    }
  }
  return false;
}

bool PendingCall::needsOtherPeer() {
  for (auto& hole: holes) {
    if (!hole->filled && mayBeRefusedElsewhere(*hole->source.call)) return true;
  }
  return mayBeRefusedElsewhere(*target);
}

kj::Promise<void> PendingCall::whenSentForGood() {
  if (isSent()) return whenSettled();
  return whenSent().then([self = kj::addRef(*this)]() mutable -> kj::Promise<void> {
    if (self->inDoubt) return self->whenSettled();
    return kj::READY_NOW;
  });
}

kj::Promise<void> PendingCall::whenSettled() {
  return awaitSource<void>(Source{kj::addRef(*this), nullptr}, [](auto&, auto& output) {
    output.template as<kj::_::Void>() = kj::_::ExceptionOr<kj::_::Void>(kj::_::Void());
  });
}

// An object that was sent to a peer cannot be taken back. Those that another call may yet replace
// travel as promises of ours, which are kept when that call has settled.
void PendingCall::shieldObjects() {
  bool needed = false;
  for (auto& argument: arguments) needed = needed || mayBeRefusedElsewhere(*argument.ref);
  if (!needed) return;
  keepDraft();
  for (auto& object: KJ_ASSERT_NONNULL(draft)->capabilities.getTable()) {
    KJ_IF_MAYBE(hook, object) {
      if (!mayBeRefusedElsewhere(**hook)) continue;
      auto& promised = KJ_ASSERT_NONNULL(PromisedRef::from(**hook));
      auto& call = KJ_ASSERT_NONNULL(promised.getCall());
      *hook = capnp::newLocalPromiseClient(call.whenSettled().then(
          [promised = kj::addRef(promised)]() mutable { return promised->resolveNow().addRef(); }));
    }
  }
}

}  // namespace troth::_

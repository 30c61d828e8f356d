#include <troth/promise.h>
#include <troth/recorder.h>

#include <new>

#include "invoke-form.h"

namespace troth {

Promise<void>::Promise(_::Source source)
    : kj::Promise<void>(_::awaitSource<void>(source.clone(),
          [](auto&, auto& output) {
            output.template as<kj::_::Void>() = kj::_::ExceptionOr<kj::_::Void>(kj::_::Void());
          })),
      call(kj::mv(source.call)) {}

namespace _ {

Source Source::clone() const {
  return {kj::addRef(const_cast<PendingCall&>(*call)), Path::share(path)};
}

Source Source::getField(
    Field field, Path::Into into, Path::IntoList intoList, Path::Check check) const {
  return {kj::addRef(const_cast<PendingCall&>(*call)),
      kj::refcounted<Path>(Path::share(path), field, into, intoList, check)};
}

Source Source::getElement(uint16_t index, Path::IntoElement intoElement) const {
  return {kj::addRef(const_cast<PendingCall&>(*call)),
      kj::refcounted<Path>(Path::share(path), index, intoElement)};
}

capnp::AnyStruct::Reader Source::read() const {
  return Path::follow(call->getResults(), Path::refer(path));
}

capnp::AnyStruct::Reader Source::readParent() const {
  auto& last = *KJ_ASSERT_NONNULL(path);
  return Path::follow(call->getResults(), Path::refer(last.parent));
}

capnp::AnyList::Reader Source::readList() const {
  return Path::followToList(call->getResults(), Path::refer(path));
}

capnp::AnyList::Reader Source::readParentList() const {
  auto& last = *KJ_ASSERT_NONNULL(path);
  return Path::followToList(call->getResults(), Path::refer(last.parent));
}

const char* Source::getFieldName() const { return KJ_ASSERT_NONNULL(path)->field.name; }

kj::Own<capnp::ClientHook> Source::getObject() const {
  auto& pending = const_cast<PendingCall&>(*call);
  if (!pending.isRecorded()) {
    if (pending.isSettled()) return pending.getObject(Path::refer(path));
    if (!Path::canPipeline(Path::refer(path))) pending.setNameable();
  }
  return kj::refcounted<PromisedRef>(kj::addRef(pending), Path::share(path));
}

kj::Own<capnp::ResponseHook> Source::hold() const {
  return kj::addRef(const_cast<PendingCall&>(*call));
}

kj::_::OwnPromiseNode AwaitNode::make(Source source, Read read) {
  static_assert(sizeof(AwaitNode) <= PendingCall::AWAIT_BYTES);
  void* room = source.call->takeAwaitRoom();
  if (room == nullptr) return kj::_::OwnPromiseNode(new AwaitNode(kj::mv(source), read));
  return kj::_::OwnPromiseNode(new (room) AwaitNode(kj::mv(source), read));
}

AwaitNode::AwaitNode(Source sourceParam, Read read): source(kj::mv(sourceParam)), read(read) {
  source.call->addWaiter(*this);
}

AwaitNode::~AwaitNode() noexcept(false) { source.call->removeWaiter(*this); }

void AwaitNode::destroy() {
  // The call goes last: this may be inside it.
  auto call = kj::addRef(*source.call);
  this->~AwaitNode();
  if (!call->returnAwaitRoom(this)) ::operator delete(this);
}

void AwaitNode::onReady(kj::_::Event* event) noexcept {
  readyEvent.init(event);
  if (!source.call->isRecorded()) return;
  readyEvent.arm();
  KJ_IF_MAYBE(recorder, Recorder::current()) {
    recorder->noteAwaited();
  }
}

void AwaitNode::get(kj::_::ExceptionOrValue& output) noexcept {
  if (source.call->isRecorded()) return output.addException(recordedOnly());
  KJ_IF_MAYBE(failure, source.call->getFailure()) {
    output.addException(kj::cp(*failure));
  } else KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { read(source, output); })) {
    output.addException(kj::mv(*exception));
  }
}

void AwaitNode::tracePromise(kj::_::TraceBuilder& builder, bool) {
  builder.add(reinterpret_cast<void*>(read));
}

void throwNotSet(capnp::Schema type, kj::StringPtr field) {
  kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
      kj::str(type.getShortDisplayName(), '.', field, " is not the member that is set")));
}

}  // namespace _
}  // namespace troth

#include <troth/promise.h>

#include <new>

namespace troth {

Promise<void>::Promise(_::Source source)
    : kj::Promise<void>(_::awaitSource<void>(kj::mv(source), [](auto&, auto& output) {
        output.template as<kj::_::Void>() = kj::_::ExceptionOr<kj::_::Void>(kj::_::Void());
      })) {}

namespace _ {

namespace {

kj::Maybe<kj::Own<Path>> clonePath(const kj::Maybe<kj::Own<Path>>& path) {
  return path.map([](const kj::Own<Path>& p) { return kj::addRef(const_cast<Path&>(*p)); });
}

kj::Maybe<const Path&> asReference(const kj::Maybe<kj::Own<Path>>& path) {
  return path.map([](const kj::Own<Path>& p) -> const Path& { return *p; });
}

}  // namespace

Source Source::clone() const {
  return {kj::addRef(const_cast<PendingCall&>(*call)), clonePath(path)};
}

Source Source::getField(Field field, Path::Into into) const {
  return {kj::addRef(const_cast<PendingCall&>(*call)),
      kj::refcounted<Path>(clonePath(path), field, into)};
}

capnp::AnyStruct::Reader Source::read() const {
  return Path::follow(call->getResults().getAs<capnp::AnyStruct>(), asReference(path));
}

capnp::AnyStruct::Reader Source::readParent() const {
  auto& last = *KJ_ASSERT_NONNULL(path);
  return Path::follow(call->getResults().getAs<capnp::AnyStruct>(), asReference(last.parent));
}

const char* Source::getFieldName() const { return KJ_ASSERT_NONNULL(path)->field.name; }

kj::Own<capnp::ClientHook> Source::getObject() const {
  auto operations = Path::operations(asReference(path));
  auto& pending = const_cast<PendingCall&>(*call);
  if (pending.isSettled()) return pending.getPipelined(operations);
  return kj::refcounted<PromisedRef>(
      kj::addRef(pending), kj::mv(operations), KJ_ASSERT_NONNULL(path)->field);
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

void AwaitNode::get(kj::_::ExceptionOrValue& output) noexcept {
  KJ_IF_MAYBE(failure, source.call->getFailure()) {
    output.addException(kj::cp(*failure));
  } else KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { read(source, output); })) {
    output.addException(kj::mv(*exception));
  }
}

void AwaitNode::tracePromise(kj::_::TraceBuilder& builder, bool) {
  builder.add(reinterpret_cast<void*>(read));
}

void throwNotSet(const char* field) {
  kj::throwFatalException(KJ_EXCEPTION(
      FAILED, "this member of a union is not the one that is set; check which() first", field));
}

}  // namespace _
}  // namespace troth

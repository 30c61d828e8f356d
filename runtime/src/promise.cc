#include <troth/promise.h>

namespace troth {

Promise<void>::Promise(_::Source source)
    : kj::Promise<void>(kj::newAdaptedPromise<void, _::Awaiter<void>>(kj::mv(source))) {}

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

const char* Source::getFieldName() const {
  return KJ_ASSERT_NONNULL(path)->field.name;
}

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

Awaiter<void>::Awaiter(kj::PromiseFulfiller<void>& fulfiller, Source source)
    : fulfiller(fulfiller), source(kj::mv(source)) {
  this->source.call->addWaiter(*this);
}

Awaiter<void>::~Awaiter() noexcept(false) {
  source.call->removeWaiter(*this);
}

void Awaiter<void>::settled(PendingCall& call) {
  KJ_IF_MAYBE (failure, call.getFailure()) {
    fulfiller.reject(kj::cp(*failure));
  } else {
    fulfiller.fulfill();
  }
}

void throwNotSet(const char* field) {
  kj::throwFatalException(KJ_EXCEPTION(
      FAILED, "this member of a union is not the one that is set; check which() first", field));
}

}  // namespace _
}  // namespace troth

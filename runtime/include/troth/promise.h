#pragma once
// A Promise<T> is a value not known yet: the results of a call, or something in them.
//
// It can be awaited like any kj::Promise, and it can be used before it is kept: an accessor of the
// results gives a promise for a field, or a ref to an object, at once and without a message.
//
//     auto account = bank.openAccount("alice", 100).account();         // a Ref<Account>, usable
//     now auto amount = account.balance().amount();                   // a Promise<int64_t> int64_t
//     cents = co_await amount;                            // one round trip for both calls
//
// Awaiting gives, for the results of a call, a capnp::Response; for a scalar or an enum, its value;
// for text, data, structs and lists an Owned<T>, which is a reader that keeps its message alive.
//
// Dropping the last promise or ref that depends on a call cancels the call. detach() lets it run
// without anybody waiting. A promise that breaks says in its exception which call broke and every
// call that it passed through.

#include <capnp/schema.h>
#include <kj/async.h>

#include <concepts>

#include "durable-id.h"
#include "pending-call.h"
#include "retry.h"
#include "transform.h"

namespace troth {

template <typename T>
class Ref;
template <typename T>
class Promise;

// A reader that keeps alive what it reads.
template <typename T>
using Owned = capnp::Response<T>;

namespace _ {

template <typename T, capnp::Kind kind = CAPNP_KIND(T)>
struct AwaitedOf {
  using Type = Owned<T>;
};
template <typename T>
struct AwaitedOf<T, capnp::Kind::PRIMITIVE> {
  using Type = T;
};
template <typename T>
struct AwaitedOf<T, capnp::Kind::ENUM> {
  using Type = T;
};
template <>
struct AwaitedOf<void, capnp::Kind::OTHER> {
  using Type = void;
};

template <typename T, capnp::Kind kind = CAPNP_KIND(T)>
struct PipelinedOf {
  using Type = Promise<T>;
};
template <typename T>
struct PipelinedOf<T, capnp::Kind::INTERFACE> {
  using Type = Ref<T>;
};

// The schema type that a generated getter reads: Text for a Text::Reader, Account for an
// Account::Client.
template <typename T>
struct ReadsOf {
  using Type = T;
};
template <typename T>
requires requires { typename T::Reads; }
struct ReadsOf<T> {
  using Type = typename T::Reads;
};
template <typename Class, typename Result>
Result resultOf(Result (Class::*)() const);

template <auto getter>
using TypeOf = typename ReadsOf<decltype(resultOf(getter))>::Type;

template <auto getter>
struct ReaderOf;
template <typename Class, typename Result, Result (Class::*getter)() const>
struct ReaderOf<getter> {
  using Struct = typename Class::Reads;
};

}  // namespace _

// What awaiting a Promise<T> gives.
template <typename T>
using Awaited = typename _::AwaitedOf<T>::Type;

// What an accessor of a field of type T gives: a Ref for an interface, else a Promise.
template <typename T>
using Pipelined = typename _::PipelinedOf<T>::Type;

namespace _ {

// Gives the outcome of a call to whoever awaits a Promise.
//
// It is a node of KJ's promise graph, made without KJ's arena of a kilobyte, so that it can live in
// its call. See docs/decisions/004-await-nodes.md.
class AwaitNode final: public kj::_::PromiseNode, private Waiter {
public:
  // Writes what the promise stands for; `output` is an ExceptionOr of what awaiting it gives.
  using Read = void (*)(const Source& source, kj::_::ExceptionOrValue& output);

  static kj::_::OwnPromiseNode make(Source source, Read read);

  void destroy() override;
  void onReady(kj::_::Event* event) noexcept override;
  void get(kj::_::ExceptionOrValue& output) noexcept override;
  void tracePromise(kj::_::TraceBuilder& builder, bool stopAtNextEvent) override;

private:
  Source source;
  Read read;
  OnReadyEvent readyEvent;

  AwaitNode(Source source, Read read);
  ~AwaitNode() noexcept(false);

  void settled(PendingCall&) override { readyEvent.arm(); }
};

template <typename U>
kj::Promise<U> awaitSource(Source source, AwaitNode::Read read) {
  return kj::_::PromiseNode::to<kj::Promise<U>>(AwaitNode::make(kj::mv(source), read));
}

// Throws what a promise for member `field` of a union of `type` breaks with where another member is
// set.
[[noreturn]] void throwNotSet(capnp::Schema type, kj::StringPtr field);

// Throws if the field `name` of a struct of type Struct is not the member of a union that is set.
template <auto isSet, typename Struct>
void requireSet(capnp::AnyStruct::Reader parent, const char* name) {
  if (!(parent.template as<Struct>().*isSet)()) throwNotSet(capnp::Schema::from<Struct>(), name);
}
template <auto getter, auto isSet>
constexpr Path::Check checkOf() {
  if constexpr (kj::isSameType<decltype(isSet), decltype(nullptr)>()) {
    return nullptr;
  } else {
    return &requireSet<isSet, typename ReaderOf<getter>::Struct>;
  }
}

// Reads the field `name`, checking first that it is set if it is a union's member.
template <auto getter, auto isSet>
auto readMember(capnp::AnyStruct::Reader parent, const char* name) {
  constexpr auto CHECK = checkOf<getter, isSet>();
  if constexpr (CHECK != nullptr) CHECK(parent, name);
  return (parent.template as<typename ReaderOf<getter>::Struct>().*getter)();
}

template <typename T>
void readStruct(const Source& source, kj::_::ExceptionOrValue& output) {
  output.as<Awaited<T>>() =
      kj::_::ExceptionOr<Awaited<T>>(Awaited<T>(source.read().template as<T>(), source.hold()));
}

// Reads a field that is not a struct.
template <typename T, auto getter, auto isSet>
void readField(const Source& source, kj::_::ExceptionOrValue& output) {
  auto value = readMember<getter, isSet>(source.readParent(), source.getFieldName());
  if constexpr (kj::isSameType<Awaited<T>, T>()) {
    output.as<T>() = kj::_::ExceptionOr<T>(kj::mv(value));
  } else {
    output.as<Awaited<T>>() = kj::_::ExceptionOr<Awaited<T>>(Awaited<T>(value, source.hold()));
  }
}

template <auto getter, auto isSet>
capnp::AnyStruct::Reader into(capnp::AnyStruct::Reader parent, const char* name) {
  return readMember<getter, isSet>(parent, name);
}

template <auto getter, auto isSet>
capnp::AnyList::Reader intoList(capnp::AnyStruct::Reader parent, const char* name) {
  return readMember<getter, isSet>(parent, name);
}

}  // namespace _

// What every Promise<T> has.
template <typename T>
class [[nodiscard]] PromiseBase:
    public kj::Promise<Awaited<T>>,
    public _::Transformable<PromiseBase<T>, T> {
public:
  PromiseBase(_::Source source, _::AwaitNode::Read read)
      : kj::Promise<Awaited<T>>(_::awaitSource<Awaited<T>>(source.clone(), read)),
        source(kj::mv(source)),
        read(read) {}
  PromiseBase(PromiseBase&&) = default;
  PromiseBase& operator=(PromiseBase&&) = default;

  // Nothing can be decided by a value that is not there. The compiler's message has these names.
  class ValueIsNotKnownYet;
  template <typename Other>
  ValueIsNotKnownYet operator==(const Other&) const = delete;
  template <typename Other>
  ValueIsNotKnownYet operator<=>(const Other&) const = delete;
  template <std::same_as<bool> ValueIsNotKnownYet>
  explicit operator ValueIsNotKnownYet() const = delete;

  // Asks for the call to go out in a form that lets later turns use its results as arguments
  // without a round trip. Within one turn that happens by itself.
  void share() { source.call->setNameable(); }

  // The same promise, of a call that breaks if it has not settled by `deadline`: a kj::Duration or
  // a std::chrono::duration from now, or the call that a server's method serves. See deadline.h.
  Promise<T> within(const Deadline& deadline) {
    source.call->bound(deadline);
    return kj::mv(static_cast<Promise<T>&>(*this));
  }

  // Sends the call that this comes from again, after a delay, while it breaks with OVERLOADED or
  // DISCONNECTED and `policy` allows. What is made of this promise waits for the attempt that
  // settles it. A deadline bounds all attempts together. retry.h says what may happen twice. Throws
  // if the call has been sent, or has a policy already.
  Promise<T> retry(RetryPolicy policy = {}) {
    source.call->retry(kj::mv(policy));
    return kj::mv(static_cast<Promise<T>&>(*this));
  }

  // The same promise, of a call that is recorded by the vat that runs it, under an id of the
  // caller's choice: it is finished whatever crashes, and asked for again after a lost connection.
  // The same id gives the same outcome, for ever; see durability.h. In a method that is run for a
  // durable call itself `.durable(call)` takes the next id of that.
  //
  // Breaks with FAILED, before anything has run, if the object's vat has no store, if nobody could
  // restore the object or an argument after a crash, and if the id stands for something else.
  // Throws if the call has been sent. A deadline bounds the call wherever it runs; once it has
  // passed, the promise is timed out for good.
  Promise<T> durable(const DurableId& id) {
    _::applyDurable(*source.call, id);
    return kj::mv(static_cast<Promise<T>&>(*this));
  }

  // What Arg needs to know.
  const _::Source& getSource() const { return source; }
  _::AwaitNode::Read getRead() const { return read; }

protected:
  // The field at `field`, which `getter` reads. `isSet` tells whether a union's member is the one
  // that is set.
  template <typename Field_, auto getter, auto isSet = nullptr>
  Pipelined<Field_> get(Field field) const;

private:
  _::Source source;
  _::AwaitNode::Read read;
};

namespace _ {

// A promise for a struct whose stub is not included, or that is nested in a generic type: those are
// specialised by the struct's id, because C++ cannot match Outer<T>::Inner.
template <uint64_t id, typename T>
class StructPromise: public PromiseBase<T> {
public:
  using PromiseBase<T>::PromiseBase;
};

template <typename T, capnp::Kind kind = CAPNP_KIND(T)>
struct PromiseOf {
  using Type = PromiseBase<T>;
};
template <typename T>
struct PromiseOf<T, capnp::Kind::STRUCT> {
  using Type = StructPromise<capnp::typeId<T>(), T>;
};

}  // namespace _

template <typename T>
class [[nodiscard]] Promise: public _::PromiseOf<T>::Type {
  using Base = typename _::PromiseOf<T>::Type;

public:
  using Base::Base;
};

// A promise that has no value: a call of a streaming method. It is kept when there is room to send
// more.
template <>
class [[nodiscard]] Promise<void>:
    public kj::Promise<void>,
    public _::Transformable<Promise<void>, capnp::Void> {
public:
  explicit Promise(_::Source source);
  Promise(Promise&&) = default;
  Promise& operator=(Promise&&) = default;

  // As that of other promises. The deadline stays on this side.
  Promise within(const Deadline& deadline) {
    call->bound(deadline);
    return kj::mv(*this);
  }

  // A call of a streaming method has a place among others, which a later attempt would not have.
  template <typename Policy = RetryPolicy>
  Promise<void> retry(Policy = {}) {
    static_assert(sizeof(Policy) == 0, "a streaming call cannot be retried");
  }

private:
  kj::Own<_::PendingCall> call;
};

// =======================================================================================
// inline implementation details

template <typename T>
template <typename Field_, auto getter, auto isSet>
Pipelined<Field_> PromiseBase<T>::get(Field field) const {
  constexpr auto KIND = CAPNP_KIND(Field_);
  constexpr auto CHECK = _::checkOf<getter, isSet>();
  if constexpr (KIND == capnp::Kind::INTERFACE) {
    return Pipelined<Field_>(source.getField(field, nullptr, nullptr, CHECK));
  } else if constexpr (KIND == capnp::Kind::STRUCT) {
    return Pipelined<Field_>(
        source.getField(field, &_::into<getter, isSet>, nullptr, CHECK), &_::readStruct<Field_>);
  } else if constexpr (KIND == capnp::Kind::LIST) {
    return Pipelined<Field_>(source.getField(field, nullptr, &_::intoList<getter, isSet>, CHECK),
        &_::readField<Field_, getter, isSet>);
  } else {
    return Pipelined<Field_>(
        source.getField(field, nullptr, nullptr, CHECK), &_::readField<Field_, getter, isSet>);
  }
}

}  // namespace troth

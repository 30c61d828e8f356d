#pragma once
// A Promise<T> is a value not known yet: the results of a call, or something in them.
//
// It can be awaited like any kj::Promise, and it can be used before it is kept: an accessor of the results gives a promise
// for a field, or a ref to an object, at once and without a message.
//
//     auto account = bank.openAccount("alice").account();         // a Ref<Account>, usable now
//     auto amount = account.balance().amount();                   // a Promise<int64_t>
//     int64_t cents = co_await amount;                            // one round trip for both calls
//
// Awaiting gives, for the results of a call, a capnp::Response; for a scalar or an enum, its value; for text, data, structs and
// lists an Owned<T>, which is a reader that keeps its message alive.
//
// Dropping the last promise or ref that depends on a call cancels the call. detach() lets it run without anybody waiting.
// A promise that breaks says in its exception which call broke and every call that it passed through.

#include <kj/async.h>

#include "pending-call.h"

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

// The schema type that a generated getter reads: Text for a Text::Reader, Account for an Account::Client.
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

// Where a promise gets its value: a call, and the way from its results. `path` is null for the results themselves.
struct Source {
  kj::Own<PendingCall> call;
  kj::Maybe<kj::Own<Path>> path;

  Source clone() const;

  // The source of a field of what this is the source of.
  Source getField(Field field, Path::Into into) const;

  // The struct at the end of the path, and the one that has the field at the end of the path. The call must be settled.
  capnp::AnyStruct::Reader read() const;
  capnp::AnyStruct::Reader readParent() const;
  const char* getFieldName() const;

  // The object at the end of the path, before or after the call has settled.
  kj::Own<capnp::ClientHook> getObject() const;

  // Something that keeps the results alive.
  kj::Own<capnp::ResponseHook> hold() const;
};

template <typename T>
using Read = Awaited<T> (*)(const Source&);

// Fulfils a kj::Promise when a call settles.
template <typename T>
class Awaiter final: private Waiter {
public:
  Awaiter(kj::PromiseFulfiller<Awaited<T>>& fulfiller, Source source, Read<T> read)
      : fulfiller(fulfiller), source(kj::mv(source)), read(read) {
    this->source.call->addWaiter(*this);
  }
  ~Awaiter() noexcept(false) { source.call->removeWaiter(*this); }
  KJ_DISALLOW_COPY_AND_MOVE(Awaiter);

private:
  kj::PromiseFulfiller<Awaited<T>>& fulfiller;
  Source source;
  Read<T> read;

  void settled(PendingCall& call) override {
    KJ_IF_MAYBE (failure, call.getFailure()) {
      fulfiller.reject(kj::cp(*failure));
    } else {
      fulfiller.rejectIfThrows([&]() { fulfiller.fulfill(read(source)); });
    }
  }
};

template <>
class Awaiter<void> final: private Waiter {
public:
  Awaiter(kj::PromiseFulfiller<void>& fulfiller, Source source);
  ~Awaiter() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Awaiter);

private:
  kj::PromiseFulfiller<void>& fulfiller;
  Source source;

  void settled(PendingCall& call) override;
};

// Throws what a promise for a union's member breaks with where another member is set.
[[noreturn]] void throwNotSet(const char* field);

// Reads the field `name` of a struct of type Struct, checking first that it is set if it is a union's member.
template <auto getter, auto isSet, typename Struct = typename ReaderOf<getter>::Struct>
auto readMember(capnp::AnyStruct::Reader parent, const char* name) {
  auto reader = parent.template as<Struct>();
  if constexpr (!kj::isSameType<decltype(isSet), decltype(nullptr)>()) {
    if (!(reader.*isSet)()) throwNotSet(name);
  }
  return (reader.*getter)();
}

template <typename T>
Awaited<T> readStruct(const Source& source) {
  return Awaited<T>(source.read().template as<T>(), source.hold());
}

// Reads a field that is not a struct.
template <typename T, auto getter, auto isSet>
Awaited<T> readField(const Source& source) {
  auto value = readMember<getter, isSet>(source.readParent(), source.getFieldName());
  if constexpr (kj::isSameType<Awaited<T>, T>()) {
    return value;
  } else {
    return Awaited<T>(value, source.hold());
  }
}

template <auto getter, auto isSet>
capnp::AnyStruct::Reader into(capnp::AnyStruct::Reader parent, const char* name) {
  return readMember<getter, isSet>(parent, name);
}

}  // namespace _

// What every Promise<T> has.
template <typename T>
class [[nodiscard]] PromiseBase: public kj::Promise<Awaited<T>> {
public:
  PromiseBase(_::Source source, _::Read<T> read)
      : kj::Promise<Awaited<T>>(
            kj::newAdaptedPromise<Awaited<T>, _::Awaiter<T>>(source.clone(), read)),
        source(kj::mv(source)) {}
  PromiseBase(PromiseBase&&) = default;
  PromiseBase& operator=(PromiseBase&&) = default;

protected:
  // The field at `field`, which `getter` reads. `isSet` tells whether a union's member is the one that is set.
  template <typename Field_, auto getter, auto isSet = nullptr>
  Pipelined<Field_> get(Field field) const;

private:
  _::Source source;
};

namespace _ {

// A promise for a struct whose stub is not included, or that is nested in a generic type: those are specialised by the
// struct's id, because C++ cannot match Outer<T>::Inner.
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

// A promise that has no value: a call of a streaming method. It is kept when there is room to send more.
template <>
class [[nodiscard]] Promise<void>: public kj::Promise<void> {
public:
  explicit Promise(_::Source source);
  Promise(Promise&&) = default;
  Promise& operator=(Promise&&) = default;
};

// =======================================================================================
// inline implementation details

template <typename T>
template <typename Field_, auto getter, auto isSet>
Pipelined<Field_> PromiseBase<T>::get(Field field) const {
  constexpr auto KIND = CAPNP_KIND(Field_);
  if constexpr (KIND == capnp::Kind::INTERFACE) {
    return Pipelined<Field_>(source.getField(field, nullptr));
  } else if constexpr (KIND == capnp::Kind::STRUCT) {
    return Pipelined<Field_>(
        source.getField(field, &_::into<getter, isSet>), &_::readStruct<Field_>);
  } else {
    return Pipelined<Field_>(
        source.getField(field, nullptr), &_::readField<Field_, getter, isSet>);
  }
}

}  // namespace troth

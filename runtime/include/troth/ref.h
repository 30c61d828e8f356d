#pragma once
// A Ref<I> is a reference to an object that implements interface I: in this vat or in another,
// there already or promised.
//
// It has one method for each method of the schema. A call returns a promise at once and leaves at
// the end of the event loop's turn, together with every other call made until then.
//
//     Ref<Bank> bank = vat.connect<Bank>("bank.example:7700");
//     Ref<Account> account = bank.openAccount("alice", 100).account();
//     Bank::Client stock = bank;                                  // and back: Ref<Bank>(stock)
//
// A Ref is as cheap to copy as a reference count, and is used by one thread only. Calls that one
// caller makes on one Ref arrive in the order in which they were made; a stock client taken from a
// Ref sends at once, and so before what is still pending.

#include <concepts>

#include "promise.h"
#include "sturdy-ref.h"

namespace troth {

template <typename I>
class Server;

namespace _ {

// An owned server object: one of ours, or one whose class stock Cap'n Proto generated.
template <typename S, typename I>
concept Serves = std::derived_from<S, Server<I>> || requires {
  requires std::derived_from<S, typename I::Server>;
} ||(std::same_as<I, capnp::Capability>&& std::derived_from<S, capnp::Capability::Server>);

template <typename J, typename I>
concept Extends = std::convertible_to<typename J::Client, typename I::Client>;

}  // namespace _

template <typename T, capnp::Kind kind = CAPNP_KIND(T)>
class Arg;

// A call whose parameters are being built. Stub methods use it; see any generated header.
template <typename Params, typename Results>
class CallBuilder {
public:
  explicit CallBuilder(kj::Own<_::PendingCall> call)
      : call(kj::mv(call)), builder(this->call->params().template initAs<Params>()) {}
  CallBuilder(kj::Own<_::PendingCall> call, const Arg<Params>& params)
      : call(kj::mv(call)), builder(nullptr) {
    KJ_IF_MAYBE(promise, params.promise()) {
      auto fill = [](capnp::AnyPointer::Builder to, const _::Source& source) {
        to.setAs<Params>(source.read().template as<Params>());
      };
      this->call->addHole({Field::ALL, "params"}, promise->getSource().clone(), kj::mv(fill));
    } else {
      params.write(this->call->params());
    }
  }

  typename Params::Builder params() { return builder; }

  // Sets a parameter that is a scalar or an enum.
  template <typename T, typename Setter>
  void set(Field field, const Arg<T>& arg, Setter setter) {
    KJ_IF_MAYBE(promise, arg.promise()) {
      auto fill = [read = promise->getRead(), setter](
                      capnp::AnyPointer::Builder params, const _::Source& source) {
        kj::_::ExceptionOr<T> value;
        read(source, value);
        (params.getAs<Params>().*setter)(KJ_ASSERT_NONNULL(value.value));
      };
      call->addHole(field, promise->getSource().clone(), kj::mv(fill));
    } else {
      (builder.*setter)(arg.value());
    }
  }

  // Sets a parameter that is a pointer.
  template <typename T>
  void set(Field field, const Arg<T>& arg) {
    if constexpr (CAPNP_KIND(T) == capnp::Kind::INTERFACE) {
      auto ref = arg.getHook();
      if (call->recordArgument(field, *ref)) return;
      arg.write(slot(builder, field));
      call->noteArgument(field.name, kj::mv(ref));
    } else {
      KJ_IF_MAYBE(promise, arg.promise()) {
        auto fill = [read = promise->getRead(), field](
                        capnp::AnyPointer::Builder params, const _::Source& source) {
          kj::_::ExceptionOr<Owned<T>> value;
          read(source, value);
          typename T::Reader reader = KJ_ASSERT_NONNULL(value.value);
          Arg<T>(reader).write(slot(params.getAs<Params>(), field));
        };
        call->addHole(field, promise->getSource().clone(), kj::mv(fill));
      } else {
        arg.write(slot(builder, field));
      }
    }
  }

  // Puts the call in the queue.
  Promise<Results> pend() {
    call->pend(_::PendingCall::Kind::PLAIN);
    return Promise<Results>(_::Source{kj::mv(call), nullptr}, &_::readStruct<Results>);
  }

  // Puts the call of a streaming method in the queue.
  Promise<void> pendStream() {
    call->pend(_::PendingCall::Kind::STREAMING);
    return Promise<void>(_::Source{kj::mv(call), nullptr});
  }

private:
  kj::Own<_::PendingCall> call;
  typename Params::Builder builder;

  static capnp::AnyPointer::Builder slot(typename Params::Builder params, Field field) {
    return capnp::toAny(params).getPointerSection()[field.pointer];
  }
};

// What every Ref<I> has.
template <typename I>
class RefBase {
public:
  using Interface = I;

  // A null ref: every call on it breaks.
  RefBase(decltype(nullptr)): RefBase(typename I::Client(nullptr)) {}

  RefBase(typename I::Client client): hook(capnp::ClientHook::from(kj::mv(client))) {}

  // A parameter of a call that a server has received.
  RefBase(typename I::Client client, const _::Inherited& inherited)
      : hook(capnp::ClientHook::from(kj::mv(client))), inherited_(inherited) {}
  explicit RefBase(kj::Own<capnp::ClientHook> hook): hook(kj::mv(hook)) {}

  // A ref to an object that implements an interface that extends I.
  template <typename J>
  requires _::Extends<J, I> RefBase(const RefBase<J>& other)
      : hook(other.getHook()), inherited_(other.inherited_) {}

  // Exports `server`, which lives until the last ref to it is gone.
  template <typename S>
  requires _::Serves<S, I> RefBase(kj::Own<S> server)
      : hook(capnp::ClientHook::from(capnp::Capability::Client(kj::mv(server)))) {}

  // A ref to an object that is to come. Calls wait for it; if the promise breaks, they break too.
  template <typename T>
  requires std::convertible_to<T, typename I::Client> RefBase(kj::Promise<T> promise)
      : RefBase(typename I::Client(
            promise.then([](T&& value) { return typename I::Client(kj::mv(value)); }))) {}

  // A broken ref: every call on it breaks with `exception`.
  RefBase(kj::Exception&& exception): RefBase(typename I::Client(kj::mv(exception))) {}

  // An object in the results of a call that has not settled. Stubs use this.
  explicit RefBase(_::Source source);

  RefBase(const RefBase& other): hook(other.getHook()), inherited_(other.inherited_) {}
  RefBase(RefBase&&) = default;
  RefBase& operator=(const RefBase& other) {
    hook = other.getHook();
    inherited_ = other.inherited_;
    return *this;
  }
  RefBase& operator=(RefBase&&) = default;

  // The same object as a stock client.
  operator typename I::Client() const { return typename I::Client(getHook()); }

  kj::Own<capnp::ClientHook> getHook() const { return hook->addRef(); }

  // The object's sturdy ref, for whoever is to have it. Breaks with UNIMPLEMENTED if it cannot be
  // saved: it is neither served under a name nor made by a restorer.
  kj::Promise<SturdyRef> save() const { return _::saveObject(getHook()); }

protected:
  // Starts a call of `method` with `args`, which are looked at for their size only.
  template <typename Params, typename Results, typename... Args>
  CallBuilder<Params, Results> newCall(const Method& method, const Args&... args) const {
    constexpr capnp::MessageSize FIXED{capnp::sizeInWords<Params>() + 1, 0};
    return CallBuilder<Params, Results>(
        pendingCall<Results>(method, _::SizeHint::of(FIXED, args...)));
  }

  // Starts a call of a method whose parameters are the struct `params`.
  template <typename Params, typename Results>
  CallBuilder<Params, Results> newCallWith(const Method& method, const Arg<Params>& params) const {
    return CallBuilder<Params, Results>(
        pendingCall<Results>(method, _::SizeHint::of(capnp::MessageSize{1, 0}, params)), params);
  }

private:
  mutable kj::Own<capnp::ClientHook> hook;
  _::Inherited inherited_;

  template <typename J>
  friend class RefBase;
  template <typename J, typename K>
  friend Ref<J> castRef(const RefBase<K>& ref);

  template <typename Results>
  kj::Own<_::PendingCall> pendingCall(const Method& method, _::SizeHint sizeHint) const {
    auto results = _::PendingCall::Results::DATA;
    if constexpr (!std::is_void_v<Results>) {
      if (Results::_capnpPrivate::schema->mayContainCapabilities) {
        results = _::PendingCall::Results::OBJECTS;
      }
    }
    auto call = kj::refcounted<_::PendingCall>(method, hook->addRef(), sizeHint, results);
    call->inherit(inherited_);
    return call;
  }
};

// The object behind `ref` as one that implements J. Nothing is checked here: if it does not, calls
// break with UNIMPLEMENTED.
template <typename J, typename I>
Ref<J> castRef(const RefBase<I>& ref) {
  return Ref<J>(typename J::Client(ref.getHook()), ref.inherited_);
}

// Resolves when `ref` is no longer a promise; breaks if the promise broke.
template <typename I>
kj::Promise<void> whenResolved(const RefBase<I>& ref) {
  return ref.getHook()->whenResolved();
}

namespace _ {

// What the function of a stock client that starts a call tells: the interface it belongs to, the
// types of parameters and results. Stubs of generic interfaces find in this way what C++ cannot
// deduce.
template <typename Request>
struct RequestTypes;
template <typename P, typename R>
struct RequestTypes<capnp::Request<P, R>> {
  using Params = P;
  using Results = R;
};
template <typename P>
struct RequestTypes<capnp::StreamingRequest<P>> {
  using Params = P;
};
template <auto start>
struct RequestOf;
template <typename Client, typename Request,
    Request (Client::*start)(kj::Maybe<capnp::MessageSize>)>
struct RequestOf<start>: RequestTypes<Request> {
  using Interface = typename Client::Calls;
};

template <auto start>
using InterfaceOf = typename RequestOf<start>::Interface;
template <auto start>
using ParamsOf = typename RequestOf<start>::Params;
template <auto start>
using ResultsOf = typename RequestOf<start>::Results;

// A ref to an interface whose stub is not included, or that is nested in a generic type: those are
// specialised by the interface's id, because C++ cannot match Outer<T>::Inner.
template <uint64_t id, typename I>
class InterfaceRef: public RefBase<I> {
public:
  using RefBase<I>::RefBase;
};

}  // namespace _

template <typename I>
class Ref: public _::InterfaceRef<capnp::typeId<I>(), I> {
  using Base = _::InterfaceRef<capnp::typeId<I>(), I>;

public:
  using Base::Base;
};

// =======================================================================================
// inline implementation details

template <typename I>
RefBase<I>::RefBase(_::Source source): hook(source.getObject()) {}

}  // namespace troth

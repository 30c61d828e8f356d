#pragma once
// A Server<I> is the base class of an object that implements interface I.
//
// It has one virtual method for each method of the schema, which takes a call and returns a promise
// that resolves when the results are set. A method that is not overridden breaks its calls with
// UNIMPLEMENTED.
//
//     class Teller final: public troth::Server<Bank> {
//       kj::Promise<void> openAccount(OpenAccount call) override {
//         call.fulfill(kj::heap<AccountServer>(call.owner(), call.deposit()));
//         co_return;
//       }
//     };
//
// Methods of one object start in the order in which the calls arrive, and may overlap when they
// wait. A call whose caller is gone runs to its end, unless the schema marks the method with
// $Cxx.allowCancellation. One whose caller has set a deadline ends with that, whatever the schema
// says: the method's promise is dropped where it waits, and what its objects' destructors do not
// do is not done. See deadline.h.

#include <capnp/schema.h>
#include <kj/async.h>

#include "durable-call.h"
#include "object-host.h"
#include "ref.h"

namespace troth {

namespace _ {

// What a server method sees of a parameter: a Ref for an interface, else what the generated getter
// gives. Calls on that ref inherit.
template <auto getter>
auto readParameter(const auto& params, const Inherited& inherited) {
  using T = TypeOf<getter>;
  if constexpr (CAPNP_KIND(T) == capnp::Kind::INTERFACE) {
    return Ref<T>((params.*getter)(), inherited);
  } else {
    return (params.*getter)();
  }
}

}  // namespace _

// A call as its server sees it. The stub derives one class from this for each method, with an
// accessor for each parameter.
//
// It may be copied, and is valid until the method's promise resolves.
//
// What it can do if it is durable is in durable-call.h.
template <typename Params, typename Results>
class Call: public _::DurableCallBase {
public:
  explicit Call(capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> untyped)
      : context_(capnp::CallContextHook::from(untyped)), inherited_(_::Inherited::current()) {}

  // The parameters. Readers from them stay valid until releaseParams().
  typename Params::Reader params() { return context_.getParams(); }

  // The results, to be filled in before the method's promise resolves.
  typename Results::Builder results() {
    if constexpr (Results::_capnpPrivate::pointerCount == 0) {
      return context_.getResults(capnp::MessageSize{capnp::sizeInWords<Results>() + 1, 0});
    } else {
      return context_.getResults();
    }
  }

  // Frees the parameters, for a method that goes on for long without them.
  void releaseParams() { context_.releaseParams(); }

  // When the call ends if it is not done, on the scale of the loop's timer; null if its caller has
  // set no deadline. `promise.within(call)` passes it on.
  kj::Maybe<kj::TimePoint> deadline() const { return inherited_.getEnd(); }

  // The call as stock code takes it: for tailCall() and setPipeline().
  capnp::CallContext<Params, Results>& context() { return context_; }

protected:
  template <auto getter>
  auto get() {
    return _::readParameter<getter>(params(), inherited_);
  }

  // Starts results of which the parts are known.
  template <typename... Args>
  typename Results::Builder initResults(const Args&... args) {
    constexpr capnp::MessageSize FIXED{capnp::sizeInWords<Results>() + 1, 0};
    return context_.initResults(_::SizeHint::of(FIXED, args...).getTotal());
  }

  // Sets all results at once.
  void setResults(const Arg<Results>& results) {
    constexpr capnp::MessageSize FIXED{1, 0};
    auto& hook = capnp::CallContextHook::from(context_);
    results.write(hook.getResults(_::SizeHint::of(FIXED, results).getTotal()));
  }

private:
  capnp::CallContext<Params, Results> context_;
  _::Inherited inherited_;
};

// A call of a streaming method: it has no results, and the next call waits until it is done.
template <typename Params>
class StreamingCall {
public:
  explicit StreamingCall(capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> untyped)
      : context_(capnp::CallContextHook::from(untyped)) {}

  typename Params::Reader params() { return context_.getParams(); }
  void releaseParams() { context_.releaseParams(); }

protected:
  template <auto getter>
  auto get() {
    return _::readParameter<getter>(params(), {});
  }

private:
  capnp::StreamingCallContext<Params> context_;
};

// What fulfill() gives: a method without co_await may return it.
using Done = std::remove_const_t<decltype(kj::READY_NOW)>;

// What every Server<I> has.
class ServerBase: public virtual capnp::Capability::Server {
public:
  virtual ~ServerBase() noexcept(false) = default;

  // What a server may override that stands for a file descriptor. Its calls are then not told the
  // deadlines of callers in this vat.
  kj::Maybe<int> getFd() override;

  // Where this object can be restored: the vat and the name under which it was served first, or the
  // restorer that made it and the key. Null if neither is so, or if that vat is gone.
  kj::Maybe<const _::Home&> getHome() const;

protected:
  using Context = capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>;
  using Dispatched = capnp::Capability::Server::DispatchCallResult;

  // What dispatching a call gives, by the kind of its method.
  static Dispatched plain(kj::Promise<void> done) { return {kj::mv(done), false, false}; }
  static Dispatched cancelable(kj::Promise<void> done) { return {kj::mv(done), false, true}; }

  // A streaming method that throws breaks the calls after it, as one whose promise breaks does.
  template <typename Start>
  static Dispatched streaming(Start&& start) {
    return {kj::evalNow(start), true, false};
  }
  template <typename Start>
  static Dispatched cancelableStreaming(Start&& start) {
    return {kj::evalNow(start), true, true};
  }

  // The schema of the interface that this object implements.
  virtual capnp::InterfaceSchema interfaceSchema() const = 0;

  // What dispatching a call gives of a method that is marked as durable: `start` starts its code.
  template <typename Start>
  Dispatched durable(uint64_t interfaceId, uint16_t methodId, Context context, Start&& start) {
    if (_::DurableContext::current() != nullptr) return start();
    return dispatchDurable(interfaceId, methodId, context);
  }

  // The answer to a call of an interface that the schema does not give this object: either it is
  // Troth's own, by which other vats make calls with promised arguments, or asks for its sturdy
  // ref, or it is unimplemented.
  Dispatched dispatchOther(
      const char* interfaceName, uint64_t interfaceId, uint16_t methodId, Context context);

  // The answer to a call of a method that this object does not have.
  Dispatched unimplementedMethod(
      const char* interfaceName, uint64_t interfaceId, uint16_t methodId);

  // What a method that is not overridden returns.
  kj::Promise<void> unimplemented(
      const char* interfaceName, const char* methodName, uint64_t interfaceId, uint16_t methodId);

private:
  friend class _::HomeRecord;

  kj::Own<_::HomeRecord> homeRecord;

  Dispatched dispatchSave(Context context);
  Dispatched dispatchBounded(
      _::Inherited deadline, uint64_t interfaceId, uint16_t methodId, Context context);
  Dispatched invoke(Context context);
  Dispatched dispatchDurable(uint64_t interfaceId, uint16_t methodId, Context context);
  kj::Own<_::DurableCaller> arrive(
      capnp::InterfaceSchema::Method method, _::DurableRequest request);
  Dispatched map(Context context);
};

namespace _ {

// Servers of generic interfaces are specialised by the interface's id. An interface whose stub is
// not included is served the stock way: its methods take stock contexts.
template <uint64_t id, typename I>
class InterfaceServer: public virtual ServerBase, public virtual I::Server {
protected:
  capnp::InterfaceSchema interfaceSchema() const override { return capnp::Schema::from<I>(); }
  Dispatched dispatchMethod(uint16_t methodId, Context context) {
    return I::Server::dispatchCallInternal(methodId, context);
  }
};

}  // namespace _

template <typename I>
class Server: public _::InterfaceServer<capnp::typeId<I>(), I> {};

// Writes one result of a call: stubs use it in fulfill().
template <typename Builder, typename T>
void setResult(Builder builder, Field field, const Arg<T>& arg) {
  arg.write(capnp::toAny(builder).getPointerSection()[field.pointer]);
}
template <typename Builder, typename T, typename Setter>
void setResult(Builder builder, Field, const Arg<T>& arg, Setter setter) {
  (builder.*setter)(arg.value());
}

}  // namespace troth

#pragma once
// What a method can do while it runs for a durable call, so that a crash costs it nothing but time.
//
//     kj::Promise<void> order(Order call) override {
//       auto charge = co_await call.step("charge", [&]() { return card.charge(call.amount()); });
//       co_await call.sleep(24 * kj::HOURS);
//       auto answer = co_await call.promise<capnp::Text>("approval");
//       co_await warehouse.ship(call.item()).durable(call);
//       call.fulfill(charge);
//     }
//
// After a crash the method runs again from its start, in this vat or in another one that serves the
// same object. What it did by the functions below it does not do again: each gets the next id of
// the call, `order-7.1`, `order-7.2`, and gives what is recorded under it. So it must ask for the
// same things in the same order each time: if it does not, the call breaks with "nondeterministic
// replay", which names both. Reading the clock, random numbers, and anything else that may be
// different the next time, belongs into a step.
//
// The functions break with FAILED in a call that is not durable.

#include <capnp/capability.h>
#include <kj/async.h>

#include <string>

#include "any-promise.h"
#include "as-promise.h"
#include "durability.h"

namespace troth {
namespace _ {

class MessageHolder final: public capnp::ResponseHook {
public:
  explicit MessageHolder(kj::Own<Message> message): message(kj::mv(message)) {}

private:
  kj::Own<Message> message;
};

// How a value of type U is recorded.
template <typename U>
struct Recorded {
  static constexpr bool IS_SCALAR =
      CAPNP_KIND(U) == capnp::Kind::PRIMITIVE || CAPNP_KIND(U) == capnp::Kind::ENUM;
  static_assert(IS_SCALAR,
      "a step gives a number, an enum, a kj::String, a std::string, a kj::Array<kj::byte>, an "
      "Owned<T> of a schema type, or nothing");

  static void write(capnp::AnyPointer::Builder content, const U& value) {
    memcpy(initBox(content).getDataSection().begin(), &value, sizeof(value));
  }
  static U read(kj::Own<Message> message) {
    auto data = contentOf(*message).asReader().getAs<capnp::AnyStruct>().getDataSection();
    U value{};
    memcpy(&value, data.begin(), kj::min(sizeof(value), data.size()));
    return value;
  }
};

template <>
struct Recorded<void> {
  static void read(kj::Own<Message>) {}
};

template <>
struct Recorded<kj::String> {
  static void write(capnp::AnyPointer::Builder content, kj::StringPtr value) {
    content.setAs<capnp::Text>(value);
  }
  static kj::String read(kj::Own<Message> message) {
    return kj::str(contentOf(*message).asReader().getAs<capnp::Text>());
  }
};

template <>
struct Recorded<std::string> {
  static void write(capnp::AnyPointer::Builder content, const std::string& value) {
    content.setAs<capnp::Text>(value.c_str());
  }
  static std::string read(kj::Own<Message> message) {
    return contentOf(*message).asReader().getAs<capnp::Text>().cStr();
  }
};

template <>
struct Recorded<kj::Array<kj::byte>> {
  static void write(capnp::AnyPointer::Builder content, kj::ArrayPtr<const kj::byte> value) {
    content.setAs<capnp::Data>(value);
  }
  static kj::Array<kj::byte> read(kj::Own<Message> message) {
    return kj::heapArray<kj::byte>(contentOf(*message).asReader().getAs<capnp::Data>());
  }
};

template <typename T>
struct Recorded<capnp::Response<T>> {
  static void write(capnp::AnyPointer::Builder content, typename T::Reader value) {
    content.setAs<T>(value);
  }
  static capnp::Response<T> read(kj::Own<Message> message) {
    auto value = contentOf(*message).asReader().getAs<T>();
    return capnp::Response<T>(value, kj::heap<MessageHolder>(kj::mv(message)));
  }
};

// Calls `fn`, and writes what it gives, or what its promise gives, into a message.
template <typename U>
kj::Own<Message> messageOf(const U& value) {
  auto message = kj::heap<Message>();
  Recorded<U>::write(contentOf(*message), value);
  return message;
}

template <typename Fn, typename... Args>
struct StepResult {
  using Result = std::invoke_result_t<Fn&, Args...>;
  template <typename P>
  struct Of: std::type_identity<P> {};
  template <AnyPromise P>
  struct Of<P>: std::type_identity<ValueOf<P>> {};
  using Type = typename Of<Result>::type;
};

template <typename U, typename Fn, typename... Args>
kj::Promise<kj::Own<Message>> runStep(Fn& fn, Args&&... args) {
  if constexpr (std::is_void_v<std::invoke_result_t<Fn&, Args...>>) {
    return kj::evalNow([&]() -> kj::Promise<kj::Own<Message>> {
      fn(kj::fwd<Args>(args)...);
      return kj::heap<Message>();
    });
  } else if constexpr (std::is_void_v<U>) {
    return kj::evalNow([&]() { return callPlainly(fn, kj::fwd<Args>(args)...); }).then([]() {
      return kj::heap<Message>();
    });
  } else {
    return kj::evalNow([&]() -> kj::Promise<U> {
      return callPlainly(fn, kj::fwd<Args>(args)...);
    }).then([](U&& value) { return messageOf<U>(value); });
  }
}

// What a Call has of these.
class DurableCallBase {
public:
  DurableCallBase();
  DurableCallBase(const DurableCallBase& other);
  DurableCallBase(DurableCallBase&&) = default;
  DurableCallBase& operator=(const DurableCallBase& other);
  DurableCallBase& operator=(DurableCallBase&&) = default;

  bool isDurable() const { return context != nullptr; }

  // Does something that acts on the world, and records what came of it: a number, an enum, a
  // string, bytes, an Owned<T>, or a promise of one. `fn` starts when all that the call depends on
  // is committed; a crash while it runs makes it run again, so it acts at least once, and what it
  // gave is recorded once. It must own or outlive what it uses, as the method's coroutine does.
  //
  // What it breaks with is recorded too, and given again; but after OVERLOADED and DISCONNECTED the
  // method goes no further, and is run again later, as long as there are tries left.
  template <typename Fn>
  auto step(kj::StringPtr name, Fn fn) {
    using U = typename StepResult<Fn>::Type;
    return requireContext()
        .step(name, [fn = kj::mv(fn)]() mutable { return runStep<U>(fn); })
        .then([](kj::Own<Message>&& value) { return Recorded<U>::read(kj::mv(value)); });
  }

  // The same for what acts on the database of the vat's store: `fn` gets a troth::Sql&, and what it
  // does with that happens exactly once, because it is committed together with the record.
  //
  // It may run more than once before that, so it should do nothing else. Failures are as in step().
  template <typename Fn>
  auto transaction(kj::StringPtr name, Fn fn) {
    using U = typename StepResult<Fn, Sql&>::Type;
    return requireContext()
        .transaction(name, [fn = kj::mv(fn)](Sql& sql) mutable { return runStep<U>(fn, sql); })
        .then([](kj::Own<Message>&& value) { return Recorded<U>::read(kj::mv(value)); });
  }
  template <typename Fn>
  auto transaction(Fn fn) {
    return transaction("", kj::mv(fn));
  }

  // Resolves when `duration` has passed since it was asked for first, crashes or not.
  kj::Promise<void> sleep(kj::Duration duration) { return requireContext().sleep(duration); }
  template <typename Rep, typename Period>
  kj::Promise<void> sleep(std::chrono::duration<Rep, Period> duration) {
    return sleep(toDuration(duration));
  }

  // A promise that somebody settles from outside, under the id of this call, a dot, and `name`: a
  // person with `troth promises fulfill order-7.approval`, or a program with Store::settle(). T is
  // capnp::Text, capnp::Data, or a struct. Breaks as it was rejected, and if it is canceled. The
  // same name is the same promise. It starts with a letter.
  template <typename T>
  kj::Promise<Awaited<T>> promise(kj::StringPtr name) {
    return requireContext().promise(name).then(
        [](kj::Own<Message>&& value) { return Recorded<capnp::Response<T>>::read(kj::mv(value)); });
  }

  // The id of the call; empty if it is not durable.
  kj::StringPtr id() const;

  // How often its code was started, this time included, since it was parked last.
  uint32_t tries() const;

  // DurableOptions::version of the vat that recorded the call first. To change what a method asks
  // for while calls are under way, raise that version, and let the method ask for the old things
  // where this is lower.
  uint32_t version() const;

  // The id for a durable call that is a part of this one. For Promise::durable().
  kj::Maybe<DurableContext&> durableContext() const;

private:
  kj::Maybe<kj::Own<DurableContext>> context;

  DurableContext& requireContext() const;
};

}  // namespace _
}  // namespace troth

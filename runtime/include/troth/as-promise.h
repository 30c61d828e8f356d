#pragma once
// asPromise() makes a troth::Promise of a kj::Promise.
//
// The result can be used before it is kept, as if a call had given it: as an argument of calls,
// and, if it is a struct, through its accessors.
//
//     kj::Promise<int64_t> amount = askTheUser();
//     account.deposit(troth::asPromise(kj::mv(amount)));
//
// The value comes to be in this vat, so a call that takes it as an argument leaves when it is kept.
// The value is copied once. The other direction needs nothing: a troth::Promise is a kj::Promise of
// what awaiting it gives.

#include <cstring>

#include "promise.h"

namespace troth {

namespace _ {

template <typename U>
struct SchemaTypeOf: std::type_identity<U> {};
template <typename T>
struct SchemaTypeOf<capnp::Response<T>>: std::type_identity<T> {};

// Writes a value where the results of a call are.
using WriteValue = kj::Function<void(capnp::AnyPointer::Builder results)>;

// A call that settles as `value` does, with what it writes as its results.
kj::Own<PendingCall> callFor(kj::Promise<WriteValue> value);

// A value that is not a struct is in a struct of one data word and one pointer.
capnp::AnyStruct::Builder initBox(capnp::AnyPointer::Builder results);
Source inBox(kj::Own<PendingCall> call);

template <typename T>
constexpr bool IS_STRUCT = CAPNP_KIND(T) == capnp::Kind::STRUCT;
template <typename T>
constexpr bool IS_SCALAR = kj::isSameType<Awaited<T>, T>();

template <typename T>
void writeValue(capnp::AnyPointer::Builder results, const Awaited<T>& value) {
  if constexpr (IS_STRUCT<T>) {
    results.setAs<T>(value);
  } else if constexpr (IS_SCALAR<T>) {
    memcpy(initBox(results).getDataSection().begin(), &value, sizeof(value));
  } else {
    initBox(results).getPointerSection()[0].template setAs<T>(value);
  }
}

template <typename T>
void readValue(const Source& source, kj::_::ExceptionOrValue& output) {
  auto box = source.readParent();
  if constexpr (IS_SCALAR<T>) {
    T value;
    memcpy(&value, box.getDataSection().begin(), sizeof(value));
    output.as<T>() = kj::_::ExceptionOr<T>(kj::mv(value));
  } else {
    auto value = box.getPointerSection()[0].template getAs<T>();
    output.as<Awaited<T>>() = kj::_::ExceptionOr<Awaited<T>>(Awaited<T>(value, source.hold()));
  }
}

}  // namespace _

// A Promise<T> for what `promise` gives: an Owned<T>, or a T that is a scalar or an enum.
template <typename U, typename T = typename _::SchemaTypeOf<U>::type>
Promise<T> asPromise(kj::Promise<U> promise) {
  auto call = _::callFor(promise.then([](U&& value) -> _::WriteValue {
    return [value = kj::mv(value)](
               capnp::AnyPointer::Builder results) { _::writeValue<T>(results, value); };
  }));
  if constexpr (_::IS_STRUCT<T>) {
    return Promise<T>(_::Source{kj::mv(call), nullptr}, &_::readStruct<T>);
  } else {
    return Promise<T>(_::inBox(kj::mv(call)), &_::readValue<T>);
  }
}

}  // namespace troth

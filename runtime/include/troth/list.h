#pragma once
// A Promise of a list, and what can be done with its elements before there are any.
//
//     auto first = dir.list().entries().at(0).name();             // a Promise<capnp::Text>, usable now
//
// at(i) can be an argument of another call like any promise, in the same round trip. It breaks if the list turns out to be
// shorter. An object in a list, in distinction to a value, is known where it is used only when the list has arrived: a call on
// list.at(0).file() takes one more round trip.

#include <kj/debug.h>

#include "promise.h"

namespace troth {

template <typename E>
class ListPromise;

namespace _ {

template <typename E, capnp::Kind kind>
struct PromiseOf<capnp::List<E, kind>, capnp::Kind::LIST> {
  using Type = ListPromise<E>;
};

// Reads an element that is not a struct of its own.
template <typename E>
void readElement(const Source& source, kj::_::ExceptionOrValue& output) {
  auto list = source.readParentList();
  uint index = KJ_ASSERT_NONNULL(source.path)->field.index;
  KJ_REQUIRE(index < list.size(), "the list has no such element", index, list.size());
  auto value = list.template as<capnp::List<E>>()[index];
  if constexpr (kj::isSameType<Awaited<E>, E>()) {
    output.as<E>() = kj::_::ExceptionOr<E>(kj::mv(value));
  } else {
    output.as<Awaited<E>>() = kj::_::ExceptionOr<Awaited<E>>(Awaited<E>(value, source.hold()));
  }
}

// Goes from a list of elements of type E, which are lists, to one of them.
template <typename E>
capnp::AnyList::Reader intoElement(capnp::AnyList::Reader list, uint index) {
  return list.template as<capnp::List<E>>()[index];
}
template <typename E>
constexpr Path::IntoElement INTO_ELEMENT = nullptr;
template <typename F, capnp::Kind kind>
constexpr Path::IntoElement INTO_ELEMENT<capnp::List<F, kind>> = &intoElement<capnp::List<F, kind>>;

// The promise, or the ref, for an element of type E that comes from `source`.
template <typename E>
Pipelined<E> elementFrom(Source source) {
  constexpr auto KIND = CAPNP_KIND(E);
  if constexpr (KIND == capnp::Kind::INTERFACE) {
    return Pipelined<E>(kj::mv(source));
  } else if constexpr (KIND == capnp::Kind::STRUCT) {
    return Pipelined<E>(kj::mv(source), &readStruct<E>);
  } else {
    return Pipelined<E>(kj::mv(source), &readElement<E>);
  }
}

}  // namespace _

// What every Promise<capnp::List<E>> has.
template <typename E>
class [[nodiscard]] ListPromise: public PromiseBase<capnp::List<E>> {
public:
  using PromiseBase<capnp::List<E>>::PromiseBase;

  // Positions beyond this one have no form on the wire: await the list for them.
  static constexpr uint POSITION_MAX = 0xffff;

  // Element `index`. The promise breaks if there is none.
  Pipelined<E> at(uint index) const {
    KJ_REQUIRE(index <= POSITION_MAX, "await the list to get an element this far in it", index);
    return _::elementFrom<E>(this->getSource().getElement(index, _::INTO_ELEMENT<E>));
  }
};

}  // namespace troth

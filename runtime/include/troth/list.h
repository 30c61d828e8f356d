#pragma once
// A Promise of a list, and what can be done with its elements before there are any.
//
//     auto first = dir.list().entries().at(0).name();             // a Promise<capnp::Text>, usable
//     now auto sizes = dir.list().entries().map(
//         [](auto entry) { return entry.file().size().bytes(); });  // a
//         Promise<capnp::List<int64_t>>
//     auto list = co_await sizes;                                 // one round trip, however long
//     the list
//
// at(i) can be used like any promise, or ref, in the same round trip. It breaks if the list turns
// out to be shorter. What map gives can be used so too; only a field of one of its elements is
// awaited first where it is an argument, or a part of another map.

#include <kj/debug.h>

#include "recorder.h"
#include "ref.h"

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

// Reads the list that a map gives.
template <typename E>
void readMapped(const Source& source, kj::_::ExceptionOrValue& output) {
  using List = capnp::List<E>;
  output.as<Owned<List>>() = kj::_::ExceptionOr<Owned<List>>(
      Owned<List>(source.call->getResults().template getAs<List>(), source.hold()));
}

// What the body of a map may return.
template <typename R>
struct MappedTo {
  static constexpr bool VALID = false;
};
template <typename T>
struct MappedTo<Promise<T>> {
  static constexpr bool VALID = CAPNP_KIND(T) != capnp::Kind::OTHER;
  using Type = T;
};
template <typename I>
struct MappedTo<Ref<I>> {
  static constexpr bool VALID = true;
  using Type = I;
};

template <typename E>
constexpr Path::IntoElement INTO_ELEMENT = nullptr;

// Goes from a list of elements of type E, which are lists, to one of them.
template <typename E>
capnp::AnyList::Reader intoElement(capnp::AnyList::Reader list, uint index) {
  return list.template as<capnp::List<E>>()[index];
}
template <typename F, capnp::Kind kind>
constexpr Path::IntoElement INTO_ELEMENT<capnp::List<F, kind>> = &intoElement<capnp::List<F, kind>>;

template <typename E>
void setElement(typename capnp::List<E>::Builder list, uint index, auto&& value) {
  if constexpr (CAPNP_KIND(E) == capnp::Kind::STRUCT) {
    list.setWithCaveats(index, value);
  } else {
    list.set(index, kj::mv(value));
  }
}

template <typename E>
void setFromSource(
    capnp::AnyPointer::Builder root, uint index, const Source& source, ReadSource read) {
  auto list = root.getAs<capnp::List<E>>();
  if constexpr (CAPNP_KIND(E) == capnp::Kind::INTERFACE) {
    setElement<E>(list, index, typename E::Client(source.getObject()));
  } else {
    kj::_::ExceptionOr<Awaited<E>> value;
    read(source, value);
    if constexpr (kj::isSameType<Awaited<E>, E>()) {
      setElement<E>(list, index, KJ_ASSERT_NONNULL(value.value));
    } else {
      setElement<E>(list, index, typename E::Reader(KJ_ASSERT_NONNULL(value.value)));
    }
  }
}

template <typename E>
constexpr WireValue::Kind WIRE_KIND = kj::isSameType<E, capnp::Void>() ? WireValue::Kind::VOID
    : std::is_floating_point_v<E>                                      ? WireValue::Kind::REAL
    : CAPNP_KIND(E) == capnp::Kind::PRIMITIVE || CAPNP_KIND(E) == capnp::Kind::ENUM
    ? WireValue::Kind::NUMBER
    : WireValue::Kind::POINTER;

template <typename List>
struct ElementOf;
template <typename E, capnp::Kind kind>
struct ElementOf<capnp::List<E, kind>> {
  using Type = E;
};

template <typename E>
void setFromWire(typename capnp::List<E>::Builder list, uint index, const WireValue& value) {
  using Kind = WireValue::Kind;
  if constexpr (CAPNP_KIND(E) == capnp::Kind::LIST) {
    if (value.kind == Kind::LIST) {
      auto inner = list.init(index, value.list.size());
      for (uint i = 0; i < inner.size(); ++i) {
        setFromWire<typename ElementOf<E>::Type>(inner, i, value.getElement(i));
      }
      return;
    }
  }
  constexpr auto KIND = WIRE_KIND<E>;
  KJ_REQUIRE(value.kind == KIND, "a result of map is of another kind than the schema says", index);
  if constexpr (KIND == Kind::REAL) {
    setElement<E>(list, index, static_cast<E>(value.real));
  } else if constexpr (KIND == Kind::NUMBER) {
    setElement<E>(list, index, static_cast<E>(value.number));
  } else if constexpr (KIND == Kind::POINTER) {
    setElement<E>(list, index, value.pointer.getAs<E>());
  }
}

template <typename E>
constexpr ListType LIST_TYPE{
    [](capnp::AnyPointer::Builder root, uint size) { root.initAs<capnp::List<E>>(size); },
    &setFromSource<E>,
    [](capnp::AnyPointer::Builder root, uint index, const WireValue& value) {
      setFromWire<E>(root.getAs<capnp::List<E>>(), index, value);
    }};

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

  // The list of what `body` gives for each element, in the same order.
  //
  // `body` takes what at() gives, and returns a Promise or a Ref that it made from that. It runs
  // once, now, on a placeholder, and the calls that it makes are recorded; all of them are then
  // made for each element, next to the list. Refs and promised values from outside may be used in
  // it, but nothing may be awaited. A list may be mapped in it, if the body returns what that
  // gives. The result breaks if one of the calls breaks.
  template <typename Body>
  auto map(Body&& body) const {
    using Result = std::remove_cvref_t<std::invoke_result_t<Body&, Pipelined<E>>>;
    static_assert(_::MappedTo<Result>::VALID,
        "the body of map returns a troth::Promise of a value, or a troth::Ref, made from its "
        "argument without awaiting");
    using T = typename _::MappedTo<Result>::Type;
    return Promise<capnp::List<T>>(start<T>(body), &_::readMapped<T>);
  }

private:
  template <typename T, typename Body>
  _::Source start(Body& body) const {
    _::ReadSource read = nullptr;
    auto recorded = [&]() {
      _::Recorder recorder;
      auto result = body(_::elementFrom<E>(recorder.getElement()));
      if constexpr (CAPNP_KIND(T) == capnp::Kind::INTERFACE) {
        return recorder.finish(*result.getHook());
      } else {
        read = result.getRead();
        return recorder.finish(result.getSource().clone());
      }
    }();
    return _::Plan::start(
        kj::mv(recorded), this->getSource().clone(), {_::INTO_ELEMENT<E>, _::LIST_TYPE<T>, read});
  }
};

}  // namespace troth

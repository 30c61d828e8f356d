#pragma once
// An Arg<T> is one argument of a call: whatever can stand for a parameter of schema type T.
//
//     scalar, enum    its value
//     Text            const char*, kj::StringPtr, std::string, std::string_view
//     Data            kj::ArrayPtr<const byte>, std::span<const std::byte>
//     interface       a Ref, a Client, an owned server object (exported on the spot), a kj::Promise
//     of a Ref or a Client, nullptr struct          a reader, or a function that fills a builder:
//     [&](auto point) { point.setX(1); } list            a reader, a {list, of, elements}, any
//     sized range of elements, ofSize(n, [&](auto list) { ... }) AnyPointer      a reader of any
//     struct, list, text or data, or any ref
//
// An Arg only looks at what it is made from: it is meant to live as long as the expression that
// makes the call.

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <kj/debug.h>

#include "ref.h"

namespace troth {

// =======================================================================================
// Scalars and enums

template <typename T>
class ScalarArg {
public:
  ScalarArg(T value): value_(value) {}

  T value() const { return value_; }
  void addTo(_::SizeHint&) const {}

private:
  T value_;
};

template <typename T>
class Arg<T, capnp::Kind::PRIMITIVE>: public ScalarArg<T> {
public:
  using ScalarArg<T>::ScalarArg;
};
template <typename T>
class Arg<T, capnp::Kind::ENUM>: public ScalarArg<T> {
public:
  using ScalarArg<T>::ScalarArg;
};
template <>
class Arg<capnp::Void, capnp::Kind::PRIMITIVE>: public ScalarArg<capnp::Void> {
public:
  Arg(capnp::Void value = capnp::VOID): ScalarArg(value) {}
};

// =======================================================================================
// Text and data

template <>
class Arg<capnp::Text, capnp::Kind::BLOB> {
public:
  Arg(const char* text): text(text) {}
  Arg(std::string_view text): text(text) {}
  Arg(const std::string& text): text(text) {}
  Arg(kj::StringPtr text): text(text.begin(), text.size()) {}
  Arg(const kj::String& text): text(text.begin(), text.size()) {}
  Arg(capnp::Text::Reader text): text(text.begin(), text.size()) {}

  void write(capnp::AnyPointer::Builder slot) const;
  void addTo(_::SizeHint& hint) const { hint.add(text.size() / sizeof(capnp::word) + 1, 0); }

private:
  std::string_view text;
};

template <>
class Arg<capnp::Data, capnp::Kind::BLOB> {
public:
  Arg(kj::ArrayPtr<const kj::byte> data): data(data) {}
  Arg(kj::ArrayPtr<kj::byte> data): data(data) {}
  Arg(const kj::Array<kj::byte>& data): data(data) {}
  Arg(capnp::Data::Reader data): data(data) {}
  Arg(std::span<const kj::byte> data): data(data.data(), data.size()) {}
  Arg(std::span<const std::byte> data)
      : data(reinterpret_cast<const kj::byte*>(data.data()), data.size()) {}

  void write(capnp::AnyPointer::Builder slot) const { slot.setAs<capnp::Data>(data); }
  void addTo(_::SizeHint& hint) const { hint.add(data.size() / sizeof(capnp::word) + 1, 0); }

private:
  kj::ArrayPtr<const kj::byte> data;
};

// =======================================================================================
// Interfaces

template <typename I>
class Arg<I, capnp::Kind::INTERFACE> {
public:
  template <typename T>
  requires std::is_constructible_v<RefBase<I>, T &&> Arg(T&& value): ref(kj::fwd<T>(value)) {}

  void write(capnp::AnyPointer::Builder slot) const {
    slot.setAs<capnp::Capability>(capnp::Capability::Client(ref.getHook()));
  }
  void addTo(_::SizeHint& hint) const { hint.add(0, 1); }
  kj::Own<capnp::ClientHook> getHook() const { return ref.getHook(); }

private:
  RefBase<I> ref;
};

// =======================================================================================
// Structs

template <typename T>
class Arg<T, capnp::Kind::STRUCT> {
public:
  Arg(typename T::Reader reader): reader(reader) {}

  template <typename Fill>
  requires std::invocable<Fill&, typename T::Builder> Arg(Fill&& fill)
      : fillFrom(const_cast<void*>(static_cast<const void*>(&fill))),
        fillWith([](void* f, typename T::Builder builder) {
          (*static_cast<std::remove_reference_t<Fill>*>(f))(builder);
        }) {}

  void write(capnp::AnyPointer::Builder slot) const {
    if (fillWith == nullptr) {
      slot.setAs<T>(reader);
    } else {
      fillWith(fillFrom, slot.initAs<T>());
    }
  }

  // Writes a list's element, which is not behind a pointer of its own.
  void write(typename capnp::List<T>::Builder list, uint index) const {
    if (fillWith == nullptr) {
      list.setWithCaveats(index, reader);
    } else {
      fillWith(fillFrom, list[index]);
    }
  }

  void addTo(_::SizeHint& hint) const {
    if (fillWith == nullptr) {
      auto size = reader.totalSize();
      hint.add(size.wordCount, size.capCount);
    } else {
      hint.setUnknown();
    }
  }

private:
  typename T::Reader reader;
  void* fillFrom = nullptr;
  void (*fillWith)(void*, typename T::Builder) = nullptr;
};

// =======================================================================================
// Lists

// A list of `size` elements that `fill` fills: pass it where a list is wanted.
template <typename Fill>
struct OfSize {
  uint size;
  Fill fill;
};
template <typename Fill>
OfSize<Fill> ofSize(uint size, Fill fill) {
  return {size, kj::mv(fill)};
}

template <typename E>
class Arg<capnp::List<E>, capnp::Kind::LIST> {
  using List = capnp::List<E>;

public:
  Arg(typename List::Reader reader): reader(reader) {}

  Arg(std::initializer_list<Arg<E>> elements)
      : initial(elements),
        from(&initial),
        writeFrom(&writeRange<const std::initializer_list<Arg<E>>>) {}
  KJ_DISALLOW_COPY_AND_MOVE(Arg);

  template <std::ranges::sized_range Range>
  requires std::convertible_to<std::ranges::range_reference_t<const Range>, Arg<E>> Arg(
      const Range& range)
      : from(&range), writeFrom(&writeRange<const Range>) {}

  template <typename Fill>
  requires std::invocable<const Fill&, typename List::Builder> Arg(const OfSize<Fill>& list)
      : from(&list), writeFrom([](const void* from, capnp::AnyPointer::Builder slot) {
          auto& list = *static_cast<const OfSize<Fill>*>(from);
          list.fill(slot.initAs<List>(list.size));
        }) {}

  void write(capnp::AnyPointer::Builder slot) const {
    if (writeFrom == nullptr) {
      slot.setAs<List>(KJ_ASSERT_NONNULL(reader));
    } else {
      writeFrom(from, slot);
    }
  }

  void addTo(_::SizeHint& hint) const { hint.setUnknown(); }

private:
  kj::Maybe<typename List::Reader> reader;
  std::initializer_list<Arg<E>> initial;
  const void* from = nullptr;
  void (*writeFrom)(const void*, capnp::AnyPointer::Builder) = nullptr;

  template <typename Range>
  static void writeRange(const void* from, capnp::AnyPointer::Builder slot) {
    auto& range = *static_cast<Range*>(from);
    constexpr auto KIND = CAPNP_KIND(E);
    constexpr bool SCALAR = KIND == capnp::Kind::PRIMITIVE || KIND == capnp::Kind::ENUM;
    constexpr bool IN_PLACE = SCALAR || KIND == capnp::Kind::STRUCT;
    uint size = std::ranges::size(range);
    uint i = 0;
    if constexpr (IN_PLACE) {
      auto list = slot.template initAs<List>(size);
      for (auto&& element: range) {
        const Arg<E>& arg = element;
        if constexpr (SCALAR) {
          list.set(i++, arg.value());
        } else {
          arg.write(list, i++);
        }
      }
    } else {
      auto list = slot.initAsAnyList(capnp::ElementSize::POINTER, size)
                      .template as<capnp::List<capnp::AnyPointer>>();
      for (auto&& element: range) {
        const Arg<E>& arg = element;
        arg.write(list[i++]);
      }
    }
  }
};

// =======================================================================================
// AnyPointer, AnyStruct, AnyList

template <typename T>
class Arg<T, capnp::Kind::OTHER> {
public:
  Arg(typename T::Reader reader): reader(reader) {}

  template <typename R>
  requires(!std::convertible_to<R, typename T::Reader> && requires { typename R::Reads; } &&
      std::same_as<T, capnp::AnyPointer>) Arg(const R& value)
      : from(&value), writeFrom([](const void* from, capnp::AnyPointer::Builder slot) {
          slot.setAs<typename R::Reads>(*const_cast<R*>(static_cast<const R*>(from)));
        }) {}

  template <typename I>
  Arg(const RefBase<I>& ref) requires std::same_as<T, capnp::AnyPointer>:
      from(&ref),
      writeFrom([](const void* from, capnp::AnyPointer::Builder slot) {
        auto& ref = *static_cast<const RefBase<I>*>(from);
        slot.setAs<capnp::Capability>(capnp::Capability::Client(ref.getHook()));
      }) {}

  void write(capnp::AnyPointer::Builder slot) const {
    if (writeFrom != nullptr) {
      writeFrom(from, slot);
    } else if constexpr (std::same_as<T, capnp::AnyPointer>) {
      slot.set(reader);
    } else {
      slot.setAs<T>(reader);
    }
  }

  void addTo(_::SizeHint& hint) const { hint.setUnknown(); }

private:
  typename T::Reader reader;
  const void* from = nullptr;
  void (*writeFrom)(const void*, capnp::AnyPointer::Builder) = nullptr;
};

}  // namespace troth

#include "pg-values.h"

#include <kj/debug.h>
#include <string.h>

#include <type_traits>

namespace troth {
namespace {

// Big endian, as everything in PostgreSQL's messages is.
template <typename Number>
void store(kj::byte* to, Number number) {
  auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  for (size_t i = sizeof(Number); i-- > 0;) {
    to[i] = static_cast<kj::byte>(bits);
    if constexpr (sizeof(Number) > 1) bits >>= 8;
  }
}

template <typename Number>
Number load(const kj::byte* from) {
  std::make_unsigned_t<Number> bits = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    if constexpr (sizeof(Number) > 1) bits <<= 8;
    bits |= from[i];
  }
  return static_cast<Number>(bits);
}

template <typename Number>
void append(kj::Vector<kj::byte>& bytes, Number number) {
  kj::byte encoded[sizeof(Number)];
  store(encoded, number);
  bytes.addAll(encoded, encoded + sizeof(Number));
}

template <typename Number>
kj::Vector<kj::byte> encode(Number number) {
  kj::Vector<kj::byte> bytes(sizeof(Number));
  append(bytes, number);
  return bytes;
}

void checkText(kj::StringPtr text) {
  KJ_REQUIRE(memchr(text.begin(), '\0', text.size()) == nullptr,
      "a text that is to be stored in PostgreSQL has a NUL byte in it, which PostgreSQL refuses");
}

template <typename Char>
kj::Vector<kj::byte> copyOf(kj::ArrayPtr<Char> value) {
  KJ_REQUIRE(value.size() <= PG_VALUE_BYTES_MAX, "a value is too large for PostgreSQL",
      value.size(), PG_VALUE_BYTES_MAX);
  kj::Vector<kj::byte> bytes(value.size());
  bytes.addAll(value);
  return bytes;
}

// What stands before an array's elements: the number of dimensions, whether NULLs are among the
// elements, and their type; then the one dimension's size and the index of its first element.
struct ArrayHeader {
  static constexpr size_t DIMENSIONS_AT = 0;
  static constexpr size_t HAS_NULL_AT = 4;
  static constexpr size_t ELEMENT_AT = 8;
  static constexpr size_t SIZE_AT = 12;
  static constexpr size_t LOWER_BOUND_AT = 16;
  static constexpr size_t SIZE = 20;
  // An empty array has no dimension.
  static constexpr size_t SIZE_EMPTY = 12;
};

// In place of an element's size.
constexpr int32_t NULL_ELEMENT = -1;
constexpr size_t ELEMENT_HEADER_SIZE = 4;

kj::Maybe<PgType> findElementType(PgType array) {
  switch (array) {
    case PgType::BOOL_ARRAY: return PgType::BOOL;
    case PgType::BYTEA_ARRAY: return PgType::BYTEA;
    case PgType::INT2_ARRAY: return PgType::INT2;
    case PgType::INT4_ARRAY: return PgType::INT4;
    case PgType::TEXT_ARRAY: return PgType::TEXT;
    case PgType::INT8_ARRAY: return PgType::INT8;
    default: return nullptr;
  }
}

kj::StringPtr nameOf(PgType type) {
  switch (type) {
    case PgType::BOOL: return "boolean";
    case PgType::BYTEA: return "bytea";
    case PgType::INT8: return "bigint";
    case PgType::INT2: return "smallint";
    case PgType::INT4: return "integer";
    case PgType::TEXT: return "text";
    default: return nullptr;
  }
}

// Takes pieces off the front of an array's bytes.
class ArrayBytes {
public:
  explicit ArrayBytes(kj::ArrayPtr<const kj::byte> bytes): bytes(bytes) {}

  int32_t takeNumber() { return load<int32_t>(take(sizeof(int32_t)).begin()); }

  kj::ArrayPtr<const kj::byte> take(size_t size) {
    KJ_REQUIRE(size <= bytes.size(), "an array from PostgreSQL ends too early");
    auto result = bytes.slice(0, size);
    bytes = bytes.slice(size, bytes.size());
    return result;
  }

  size_t left() const { return bytes.size(); }

private:
  kj::ArrayPtr<const kj::byte> bytes;
};

}  // namespace

kj::String toString(PgType type) {
  KJ_IF_MAYBE(element, findElementType(type)) return kj::str(nameOf(*element), "[]");
  auto name = nameOf(type);
  return name.size() > 0 ? kj::str(name) : kj::str("type ", static_cast<uint32_t>(type));
}

// ---------------------------------------------------------------------------------------
// Parameters

PgParameter PgParameter::null(PgType type) { return PgParameter(type); }
PgParameter PgParameter::boolean(bool value) { return {PgType::BOOL, encode<int8_t>(value)}; }
PgParameter PgParameter::int2(int16_t value) { return {PgType::INT2, encode(value)}; }
PgParameter PgParameter::int4(int32_t value) { return {PgType::INT4, encode(value)}; }
PgParameter PgParameter::int8(int64_t value) { return {PgType::INT8, encode(value)}; }

PgParameter PgParameter::text(kj::StringPtr value) {
  checkText(value);
  return {PgType::TEXT, copyOf(value.asArray())};
}

PgParameter PgParameter::bytea(kj::ArrayPtr<const kj::byte> value) {
  return {PgType::BYTEA, copyOf(value)};
}

PgParameter PgParameter::inferred(kj::StringPtr value) {
  checkText(value);
  auto bytes = copyOf(value.asArray());
  bytes.add('\0');
  return {PgType::INFERRED, kj::mv(bytes)};
}

kj::Maybe<kj::ArrayPtr<const kj::byte>> PgParameter::getBytes() const {
  if (isNull) return nullptr;
  return bytes.asPtr();
}

template <PgType ARRAY>
PgArray<ARRAY>::PgArray(size_t sizeExpected)
    // Twice the header, which leaves room for short texts.
    : bytes(ArrayHeader::SIZE + sizeExpected * 2 * ELEMENT_HEADER_SIZE) {
  bytes.resize(ArrayHeader::SIZE);
}

template <PgType ARRAY>
void PgArray<ARRAY>::check(size_t bytesMore) const {
  KJ_REQUIRE(bytes.size() + bytesMore + ELEMENT_HEADER_SIZE <= PG_VALUE_BYTES_MAX,
      "an array is too large for PostgreSQL", count, PG_VALUE_BYTES_MAX);
}

template <PgType ARRAY>
void PgArray<ARRAY>::add(Element element) {
  if constexpr (std::is_same_v<Element, bool>) {
    check(sizeof(int8_t));
    append<int32_t>(bytes, sizeof(int8_t));
    append<int8_t>(bytes, element);
  } else if constexpr (std::is_integral_v<Element>) {
    check(sizeof(Element));
    append<int32_t>(bytes, sizeof(Element));
    append(bytes, element);
  } else {
    if constexpr (ARRAY == PgType::TEXT_ARRAY) checkText(element);
    check(element.size());
    append<int32_t>(bytes, element.size());
    bytes.addAll(element);
  }
  ++count;
}

template <PgType ARRAY>
void PgArray<ARRAY>::addNull() {
  check(0);
  append(bytes, NULL_ELEMENT);
  hasNull = true;
  ++count;
}

template <PgType ARRAY>
PgParameter PgArray<ARRAY>::finish() {
  auto header = bytes.begin();
  store<int32_t>(header + ArrayHeader::DIMENSIONS_AT, count > 0 ? 1 : 0);
  store<int32_t>(header + ArrayHeader::HAS_NULL_AT, hasNull ? 1 : 0);
  store(header + ArrayHeader::ELEMENT_AT, static_cast<uint32_t>(PgElement_<ARRAY>::PG_TYPE));
  store<int32_t>(header + ArrayHeader::SIZE_AT, count);
  store<int32_t>(header + ArrayHeader::LOWER_BOUND_AT, 1);
  if (count == 0) bytes.truncate(ArrayHeader::SIZE_EMPTY);
  return PgParameter(ARRAY, kj::mv(bytes));
}

template class PgArray<PgType::BOOL_ARRAY>;
template class PgArray<PgType::INT2_ARRAY>;
template class PgArray<PgType::INT4_ARRAY>;
template class PgArray<PgType::INT8_ARRAY>;
template class PgArray<PgType::TEXT_ARRAY>;
template class PgArray<PgType::BYTEA_ARRAY>;

// ---------------------------------------------------------------------------------------
// Columns

kj::ArrayPtr<const kj::byte> PgValue::bytesAs(PgType wanted) const {
  KJ_REQUIRE(type == wanted, "a column from PostgreSQL has another type than the one asked for",
      toString(type), toString(wanted));
  return KJ_REQUIRE_NONNULL(bytes, "a column from PostgreSQL is NULL", toString(wanted));
}

template <typename Number>
Number PgValue::numberAs(PgType wanted) const {
  auto found = bytesAs(wanted);
  KJ_REQUIRE(found.size() == sizeof(Number), "a number from PostgreSQL has the wrong size",
      toString(wanted), found.size());
  return load<Number>(found.begin());
}

bool PgValue::asBool() const { return numberAs<int8_t>(PgType::BOOL) != 0; }
int16_t PgValue::asInt2() const { return numberAs<int16_t>(PgType::INT2); }
int32_t PgValue::asInt4() const { return numberAs<int32_t>(PgType::INT4); }
int64_t PgValue::asInt8() const { return numberAs<int64_t>(PgType::INT8); }
kj::ArrayPtr<const char> PgValue::asText() const { return bytesAs(PgType::TEXT).asChars(); }
kj::ArrayPtr<const kj::byte> PgValue::asBytea() const { return bytesAs(PgType::BYTEA); }

kj::Array<PgValue> PgValue::asArray() const {
  auto element = KJ_REQUIRE_NONNULL(findElementType(type),
      "a column from PostgreSQL is not an array that can be read", toString(type));
  ArrayBytes rest(bytesAs(type));
  auto dimensions = rest.takeNumber();
  rest.takeNumber();  // Whether there are NULLs: the elements say so themselves.
  auto sent = static_cast<PgType>(rest.takeNumber());
  KJ_REQUIRE(sent == element, "an array from PostgreSQL has elements of another type than its own",
      toString(sent), toString(type));
  if (dimensions == 0) return nullptr;
  KJ_REQUIRE(dimensions == 1, "an array from PostgreSQL has more than one dimension", dimensions);
  auto size = rest.takeNumber();
  rest.takeNumber();  // The first element's index.
  KJ_REQUIRE(size >= 0 && size_t(size) <= rest.left() / ELEMENT_HEADER_SIZE,
      "an array from PostgreSQL ends too early", size);
  auto result = kj::heapArrayBuilder<PgValue>(size);
  for (int32_t i = 0; i < size; ++i) {
    auto length = rest.takeNumber();
    KJ_REQUIRE(length >= NULL_ELEMENT, "an array from PostgreSQL has a damaged element", i);
    if (length == NULL_ELEMENT) {
      result.add(element, nullptr);
    } else {
      result.add(element, rest.take(length));
    }
  }
  KJ_REQUIRE(rest.left() == 0, "an array from PostgreSQL goes on after its end", rest.left());
  return result.finish();
}

}  // namespace troth

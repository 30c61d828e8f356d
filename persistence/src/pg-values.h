#pragma once
// Values in PostgreSQL's binary format: parameters on their way there, columns on their way back.
//
// Pure code: it knows bytes, not connections.
//
//     PgTextArray ids(batch.size());
//     PgInt8Array deadlines(batch.size());
//     for (auto& request: batch) {
//       ids.add(request.id);
//       deadlines.add(request.deadline);        // or addNull()
//     }
//     connection.run({{INSERT, kj::arr(ids.finish(), deadlines.finish(), PgParameter::int2(3))}});
//
// Limits. Arrays have one dimension. A text holds no NUL, which PostgreSQL cannot store.

#include <kj/array.h>
#include <kj/string.h>
#include <kj/vector.h>
#include <stdint.h>

namespace troth {

// PostgreSQL's numbers for its types ("OIDs"). A column may have others, which cannot be read.
enum class PgType : uint32_t {
  // Of a parameter: what the statement needs there.
  INFERRED = 0,
  BOOL = 16,
  BYTEA = 17,
  INT8 = 20,
  INT2 = 21,
  INT4 = 23,
  TEXT = 25,
  FLOAT4 = 700,
  FLOAT8 = 701,
  BOOL_ARRAY = 1000,
  BYTEA_ARRAY = 1001,
  INT2_ARRAY = 1005,
  INT4_ARRAY = 1007,
  TEXT_ARRAY = 1009,
  INT8_ARRAY = 1016,
};

// `bigint[]`, or the number of a type that has no name here.
kj::String toString(PgType type);

// PostgreSQL refuses messages of a gigabyte, which hold all parameters of a statement.
constexpr size_t PG_VALUE_BYTES_MAX = 1000 << 20;

// One parameter of a statement.
class PgParameter {
public:
  static PgParameter null(PgType type);
  static PgParameter boolean(bool value);
  static PgParameter int2(int16_t value);
  static PgParameter int4(int32_t value);
  static PgParameter int8(int64_t value);
  static PgParameter text(kj::StringPtr value);
  static PgParameter bytea(kj::ArrayPtr<const kj::byte> value);

  // As it would stand in a quoted literal: the only one in text format, with a NUL at the end.
  static PgParameter inferred(kj::StringPtr value);

  PgType getType() const { return type; }

  // Null is SQL's NULL.
  kj::Maybe<kj::ArrayPtr<const kj::byte>> getBytes() const;

private:
  PgType type;
  bool isNull = true;
  kj::Vector<kj::byte> bytes;

  explicit PgParameter(PgType type): type(type) {}
  PgParameter(PgType type, kj::Vector<kj::byte> bytes)
      : type(type), isNull(false), bytes(kj::mv(bytes)) {}

  template <PgType>
  friend class PgArray;
};

// One column of one row. It borrows the bytes.
class PgValue {
public:
  // Without bytes it is NULL.
  PgValue(PgType type, kj::Maybe<kj::ArrayPtr<const kj::byte>> bytes): type(type), bytes(bytes) {}

  PgType getType() const { return type; }
  bool isNull() const { return bytes == nullptr; }
  kj::Maybe<kj::ArrayPtr<const kj::byte>> getBytes() const { return bytes; }

  // Each throws FAILED if the value is NULL, of another type, or not well formed.
  bool asBool() const;
  int16_t asInt2() const;
  int32_t asInt4() const;
  int64_t asInt8() const;
  kj::ArrayPtr<const char> asText() const;
  kj::ArrayPtr<const kj::byte> asBytea() const;

  // The elements of an array of any type above.
  kj::Array<PgValue> asArray() const;

private:
  PgType type;
  kj::Maybe<kj::ArrayPtr<const kj::byte>> bytes;

  kj::ArrayPtr<const kj::byte> bytesAs(PgType wanted) const;
  template <typename Number>
  Number numberAs(PgType wanted) const;
};

// What an element of an array is in C++.
template <PgType array>
struct PgElement_;

// Writes an array, element by element, into one buffer.
template <PgType ARRAY>
class PgArray {
public:
  using Element = typename PgElement_<ARRAY>::Type;

  // Makes room for `sizeExpected` elements, by default for what a round often has; more are
  // welcome.
  explicit PgArray(size_t sizeExpected = 32);

  void add(Element element);
  void addNull();
  size_t size() const { return count; }

  // Leaves this empty, to be destroyed.
  PgParameter finish();

private:
  kj::Vector<kj::byte> bytes;
  size_t count = 0;
  bool hasNull = false;

  void check(size_t bytesMore) const;
};

using PgBoolArray = PgArray<PgType::BOOL_ARRAY>;
using PgInt2Array = PgArray<PgType::INT2_ARRAY>;
using PgInt4Array = PgArray<PgType::INT4_ARRAY>;
using PgInt8Array = PgArray<PgType::INT8_ARRAY>;
using PgTextArray = PgArray<PgType::TEXT_ARRAY>;
using PgByteaArray = PgArray<PgType::BYTEA_ARRAY>;

// ---------------------------------------------------------------------------------------
// inline implementation details

template <>
struct PgElement_<PgType::BOOL_ARRAY> {
  using Type = bool;
  static constexpr PgType PG_TYPE = PgType::BOOL;
};
template <>
struct PgElement_<PgType::INT2_ARRAY> {
  using Type = int16_t;
  static constexpr PgType PG_TYPE = PgType::INT2;
};
template <>
struct PgElement_<PgType::INT4_ARRAY> {
  using Type = int32_t;
  static constexpr PgType PG_TYPE = PgType::INT4;
};
template <>
struct PgElement_<PgType::INT8_ARRAY> {
  using Type = int64_t;
  static constexpr PgType PG_TYPE = PgType::INT8;
};
template <>
struct PgElement_<PgType::TEXT_ARRAY> {
  using Type = kj::StringPtr;
  static constexpr PgType PG_TYPE = PgType::TEXT;
};
template <>
struct PgElement_<PgType::BYTEA_ARRAY> {
  using Type = kj::ArrayPtr<const kj::byte>;
  static constexpr PgType PG_TYPE = PgType::BYTEA;
};

}  // namespace troth

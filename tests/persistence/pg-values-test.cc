#include "pg-values.h"

#include <gtest/gtest.h>
#include <kj/debug.h>

#include <string>
#include <vector>

namespace troth {
namespace {

using Bytes = std::vector<kj::byte>;

kj::ArrayPtr<const kj::byte> view(const Bytes& bytes) {
  return kj::arrayPtr(bytes.data(), bytes.size());
}

Bytes bytesOf(const PgParameter& parameter) {
  auto bytes = KJ_ASSERT_NONNULL(parameter.getBytes());
  return Bytes(bytes.begin(), bytes.end());
}

// What PostgreSQL would send back.
PgValue echo(const PgParameter& parameter) { return {parameter.getType(), parameter.getBytes()}; }

std::string textOf(kj::ArrayPtr<const char> text) { return std::string(text.begin(), text.end()); }

template <typename Func>
void expectFailure(kj::StringPtr words, Func&& func) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions(func)) {
    EXPECT_NE(std::string(exception->getDescription().cStr()).find(words.cStr()), std::string::npos)
        << exception->getDescription().cStr();
    return;
  }
  ADD_FAILURE() << "expected a failure with: " << words.cStr();
}

// A `text[]` as PostgreSQL sends it: one element `a`, one that is NULL.
const Bytes TEXTS{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1,  //
    0, 0, 0, 1, 'a', 255, 255, 255, 255};

TEST(PgValues, NumbersAreBigEndian) {
  EXPECT_EQ((Bytes{1, 2}), bytesOf(PgParameter::int2(0x0102)));
  EXPECT_EQ((Bytes{255, 255, 255, 254}), bytesOf(PgParameter::int4(-2)));
  EXPECT_EQ((Bytes{0, 0, 0, 0, 0, 0, 1, 0}), bytesOf(PgParameter::int8(256)));
  EXPECT_EQ((Bytes{1}), bytesOf(PgParameter::boolean(true)));
}

TEST(PgValues, NumbersComeBackAsTheyWere) {
  for (int64_t value: {INT64_MIN, int64_t(-1), int64_t(0), int64_t(1), INT64_MAX}) {
    EXPECT_EQ(value, echo(PgParameter::int8(value)).asInt8());
  }
  for (int32_t value: {INT32_MIN, -1, 0, 1, INT32_MAX}) {
    EXPECT_EQ(value, echo(PgParameter::int4(value)).asInt4());
  }
  for (int value: {INT16_MIN, -1, 0, INT16_MAX}) {
    EXPECT_EQ(value, echo(PgParameter::int2(value)).asInt2());
  }
  EXPECT_TRUE(echo(PgParameter::boolean(true)).asBool());
  EXPECT_FALSE(echo(PgParameter::boolean(false)).asBool());
}

TEST(PgValues, TextsAndBytesComeBackAsTheyWere) {
  EXPECT_EQ("über", textOf(echo(PgParameter::text("über")).asText()));
  EXPECT_EQ("", textOf(echo(PgParameter::text("")).asText()));
  Bytes bytes{0, 1, 255};
  auto parameter = PgParameter::bytea(view(bytes));
  EXPECT_EQ(view(bytes), echo(parameter).asBytea());
}

TEST(PgValues, NullIsToldFromEmpty) {
  EXPECT_TRUE(PgParameter::null(PgType::TEXT).getBytes() == nullptr);
  EXPECT_TRUE(echo(PgParameter::null(PgType::TEXT)).isNull());
  EXPECT_FALSE(echo(PgParameter::text("")).isNull());
}

TEST(PgValues, AnArrayIsEncodedAsPostgresqlDoes) {
  PgTextArray texts;
  texts.add("a");
  texts.addNull();
  EXPECT_EQ(2u, texts.size());
  auto parameter = texts.finish();
  EXPECT_EQ(PgType::TEXT_ARRAY, parameter.getType());
  EXPECT_EQ(TEXTS, bytesOf(parameter));
}

TEST(PgValues, AnEmptyArrayHasNoDimension) {
  auto parameter = PgInt8Array().finish();
  EXPECT_EQ((Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20}), bytesOf(parameter));
  EXPECT_EQ(0u, echo(parameter).asArray().size());
}

TEST(PgValues, ArraysComeBackAsTheyWere) {
  constexpr int SIZE = 10'000;
  PgInt8Array longs(SIZE);
  PgInt4Array ints;
  PgInt2Array shorts;
  PgBoolArray bools;
  PgByteaArray blobs;
  for (int i = 0; i < SIZE; ++i) {
    longs.add(int64_t(i) << 32);
    ints.add(-i);
    i % 3 == 0 ? shorts.addNull() : shorts.add(i);
    bools.add(i % 2 == 0);
    Bytes blob(i % 50, i);
    blobs.add(view(blob));
  }
  auto encoded =
      kj::arr(longs.finish(), ints.finish(), shorts.finish(), bools.finish(), blobs.finish());
  auto decoded = KJ_MAP(parameter, encoded) { return echo(parameter).asArray(); };
  for (int i = 0; i < SIZE; ++i) {
    ASSERT_EQ(int64_t(i) << 32, decoded[0][i].asInt8());
    ASSERT_EQ(-i, decoded[1][i].asInt4());
    ASSERT_EQ(i % 3 == 0, decoded[2][i].isNull());
    if (i % 3 != 0) ASSERT_EQ(i, decoded[2][i].asInt2());
    ASSERT_EQ(i % 2 == 0, decoded[3][i].asBool());
    Bytes blob(i % 50, i);
    ASSERT_EQ(view(blob), decoded[4][i].asBytea());
  }
}

TEST(PgValues, ATextWithANulIsRefused) {
  auto text = kj::heapString("a\0b", 3);
  expectFailure("NUL byte", [&]() { PgParameter::text(text); });
  expectFailure("NUL byte", [&]() { PgTextArray().add(text); });
}

TEST(PgValues, AnInferredParameterIsTextWithItsEnd) {
  auto parameter = PgParameter::inferred("12");
  EXPECT_EQ(PgType::INFERRED, parameter.getType());
  EXPECT_EQ(kj::ArrayPtr<const char>("12", 3).asBytes(), KJ_ASSERT_NONNULL(parameter.getBytes()));
  EXPECT_ANY_THROW(PgParameter::inferred(kj::StringPtr("a\0b", 3)));
}

TEST(PgValues, AColumnIsReadAsWhatItIs) {
  expectFailure("asked for; toString(type) = bigint; toString(wanted) = text",
      [&]() { echo(PgParameter::int8(1)).asText(); });
  expectFailure("NULL", [&]() { echo(PgParameter::null(PgType::TEXT)).asText(); });
  expectFailure("not an array", [&]() { echo(PgParameter::int8(1)).asArray(); });
  expectFailure("wrong size", []() {
    Bytes bytes{1};
    PgValue(PgType::INT4, view(bytes)).asInt4();
  });
}

TEST(PgValues, ATypeWithoutANameIsANumber) {
  EXPECT_EQ("bigint[]", toString(PgType::INT8_ARRAY));
  EXPECT_EQ("type 1700", toString(static_cast<PgType>(1700)));
}

TEST(PgValues, AnArrayThatIsCutShortIsRefused) {
  EXPECT_EQ(2u, PgValue(PgType::TEXT_ARRAY, view(TEXTS)).asArray().size());
  for (size_t size = 0; size < TEXTS.size(); ++size) {
    Bytes cut(TEXTS.begin(), TEXTS.begin() + size);
    expectFailure("too early", [&]() { PgValue(PgType::TEXT_ARRAY, view(cut)).asArray(); });
  }
}

// `TEXTS` with the byte at `at` replaced.
void expectDamaged(size_t at, kj::byte value, kj::StringPtr words) {
  auto damaged = TEXTS;
  damaged[at] = value;
  expectFailure(words, [&]() { PgValue(PgType::TEXT_ARRAY, view(damaged)).asArray(); });
}

TEST(PgValues, AnArrayThatIsDamagedIsRefused) {
  expectDamaged(3, 2, "more than one dimension");
  expectDamaged(11, 20, "elements of another type");
  expectDamaged(12, 127, "too early");
  expectDamaged(12, 255, "too early");
  expectDamaged(15, 1, "goes on after its end");
  expectDamaged(20, 127, "too early");
  expectDamaged(20, 128, "damaged element");
}

}  // namespace
}  // namespace troth

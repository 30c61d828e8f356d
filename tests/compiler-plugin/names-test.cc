#include "names.h"

#include <gtest/gtest.h>

namespace troth::compiler {
namespace {

std::string claimed(NameScope& scope, kj::StringPtr name) { return scope.claim(name).cStr(); }

TEST(NameScope, GivesOutANameThatIsFree) {
  NameScope scope(Reserved::METHODS);
  EXPECT_EQ(claimed(scope, "open"), "open");
}

TEST(NameScope, AddsAnUnderscoreToKeywords) {
  NameScope scope(Reserved::METHODS);
  EXPECT_EQ(claimed(scope, "class"), "class_");
  EXPECT_EQ(claimed(scope, "co_await"), "co_await_");
  EXPECT_EQ(claimed(scope, "not"), "not_");
  EXPECT_EQ(claimed(scope, "requires"), "requires_");
}

TEST(NameScope, AddsAnUnderscoreToMacrosOfTheStandardLibrary) {
  NameScope scope(Reserved::ACCESSORS_OF_PROMISE);
  EXPECT_EQ(claimed(scope, "errno"), "errno_");
  EXPECT_EQ(claimed(scope, "assert"), "assert_");
}

TEST(NameScope, AddsAnUnderscoreToWhatTheScopeReserves) {
  NameScope promise(Reserved::ACCESSORS_OF_PROMISE), call(Reserved::ACCESSORS_OF_CALL);
  EXPECT_EQ(claimed(promise, "then"), "then_");
  EXPECT_EQ(claimed(call, "then"), "then");
  EXPECT_EQ(claimed(promise, "params"), "params");
  EXPECT_EQ(claimed(call, "params"), "params_");
}

TEST(NameScope, AddsUnderscoresUntilANameIsFree) {
  NameScope scope(Reserved::ACCESSORS_OF_PROMISE);
  EXPECT_EQ(claimed(scope, "then"), "then_");
  EXPECT_EQ(claimed(scope, "then_"), "then__");
  EXPECT_EQ(claimed(scope, "then"), "then___");
}

TEST(NameScope, DoesNotGiveOutABlockedName) {
  NameScope scope(Reserved::METHODS);
  scope.block("open");
  scope.block("open");
  EXPECT_EQ(claimed(scope, "open"), "open_");
}

TEST(Names, AreTurnedIntoTitleCaseAndCapitals) {
  EXPECT_EQ(std::string(toTitleCase("openAccount").cStr()), "OpenAccount");
  EXPECT_EQ(std::string(toCapitals("openAccount").cStr()), "OPEN_ACCOUNT");
  EXPECT_EQ(std::string(toCapitals("x2Y").cStr()), "X2_Y");
}

TEST(Names, AreIdentifiersOrNot) {
  EXPECT_TRUE(isIdentifier("a_1"));
  EXPECT_FALSE(isIdentifier("1a"));
  EXPECT_FALSE(isIdentifier("a b"));
  EXPECT_FALSE(isIdentifier(""));
}

}  // namespace
}  // namespace troth::compiler

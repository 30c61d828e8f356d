#include "text.h"

#include <gtest/gtest.h>
#include <kj/exception.h>

namespace troth::compiler {
namespace {

std::string rendered(std::initializer_list<Variable> variables, kj::StringPtr text) {
  return render(variables, text).cStr();
}

TEST(Render, RemovesTheIndentationThatAllLinesShare) {
  EXPECT_EQ(rendered({}, R"stub(
      class X {
        int y;

      };
      )stub"),
      "class X {\n  int y;\n\n};");
}

TEST(Render, PutsVariablesIntoLines) {
  EXPECT_EQ(rendered({{"name", "x"}, {"type", "int"}}, "$type$ $name$ = $name$;"), "int x = x;");
}

TEST(Render, GivesEachLineOfAVariableTheIndentationOfItsPlace) {
  EXPECT_EQ(rendered({{"body", "a();\n\nb();"}}, "{\n  $body$\n}"), "{\n  a();\n\n  b();\n}");
}

TEST(Render, DropsTheLineOfAnEmptyVariable) {
  EXPECT_EQ(rendered({{"doc", ""}}, "$doc$\nint x;"), "int x;");
}

TEST(Render, TakesNumbers) { EXPECT_EQ(rendered({{"id", 7}}, "case $id$:"), "case 7:"); }

TEST(Render, RefusesAVariableThatIsNotThere) {
  EXPECT_THROW(render({{"a", "x"}}, "$b$"), kj::Exception);
  EXPECT_THROW(render({{"a", "x"}}, "$a"), kj::Exception);
}

TEST(Comment, PutsSlashesBeforeEachLine) {
  EXPECT_EQ(std::string(comment("a\n\n b\n").cStr()), "// a\n//\n//  b");
  EXPECT_EQ(std::string(comment("").cStr()), "");
}

TEST(Comment, DoesNotLetABackslashContinueIt) {
  EXPECT_EQ(std::string(comment("a\\\nb\\  \r\n").cStr()), "// a\\.\n// b\\.");
}

TEST(Quote, EscapesWhatALiteralCannotHold) {
  EXPECT_EQ(std::string(quote("a\"b\\\n").cStr()), "\"a\\\"b\\\\\\n\"");
}

TEST(Tidy, LeavesOneEmptyLineWhereThereWereMore) {
  EXPECT_EQ(std::string(tidy("a;\n\n\n\nb;\n").cStr()), "a;\n\nb;\n");
}

TEST(Tidy, LeavesNoEmptyLineBeforeAClosingBrace) {
  EXPECT_EQ(std::string(tidy("class X {\n  int y;\n\n};\n").cStr()), "class X {\n  int y;\n};\n");
}

// Lines that are too long, and what becomes of them.
std::string broken(std::string line) { return tidy(kj::StringPtr(line.c_str())).cStr(); }

TEST(Tidy, BreaksALongCallAfterItsParenthesis) {
  std::string a(60, 'a'), b(60, 'b');
  EXPECT_EQ(broken("  " + a + "(" + b + ", c);"), "  " + a + "(\n      " + b + ", c);\n");
}

TEST(Tidy, BreaksLongArgumentsAfterCommas) {
  std::string a(60, 'a'), b(60, 'b');
  EXPECT_EQ(broken("f(" + a + ", " + b + ");"), "f(\n    " + a + ",\n    " + b + ");\n");
}

TEST(Tidy, BreaksALongDeclarationAfterItsType) {
  std::string type = "Type<" + std::string(60, 't') + ">",
              name = "Class<" + std::string(60, 'c') + ">";
  EXPECT_EQ(broken(type + " " + name + "::f();"), type + "\n" + name + "::f();\n");
}

TEST(Tidy, BreaksALongCaseAfterItsColon) {
  std::string a(90, 'a');
  EXPECT_EQ(broken("  case 1: return " + a + ";"), "  case 1:\n    return " + a + ";\n");
}

TEST(Tidy, DoesNotBreakCommentsAndDirectives) {
  std::string a(60, 'a');
  EXPECT_EQ(broken("// f(" + a + ", " + a + ")"), "// f(" + a + ", " + a + ")\n");
  EXPECT_EQ(broken("#include \"" + a + a + "\""), "#include \"" + a + a + "\"\n");
}

TEST(Tidy, DoesNotBreakInsideAString) {
  std::string a(90, 'a');
  EXPECT_EQ(broken("f(\"" + a + ", b(\", c);"), "f(\n    \"" + a + ", b(\", c);\n");
}

TEST(Tidy, KnowsWhereAStringWithBackslashesEnds) {
  std::string a(86, 'a');
  EXPECT_EQ(broken("f(\"\\\\\", " + a + ", \"\\\"(\");"),
      "f(\n    \"\\\\\", " + a + ",\n    \"\\\"(\");\n");
}

}  // namespace
}  // namespace troth::compiler

#include "table.h"

#include <gtest/gtest.h>

namespace troth::command {
namespace {

constexpr kj::StringPtr HEADINGS[] = {"ID"_kj, "EMPTY"_kj, "WHAT"_kj};

TEST(Table, ColumnsAreAlignedByCharactersAndEmptyOnesLeftOut) {
  Table table(HEADINGS);
  table.addRow(kj::arr(kj::str("ä"), kj::str("-"), kj::str("one")));
  table.addRow(kj::arr(kj::str("long"), kj::str(""), kj::str("-")));
  EXPECT_EQ(table.format(), "ID    WHAT\nä     one\nlong  -\n");
}

TEST(Table, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(onOneLine("a\nb\x1b[31m\tc\x7f é"), "a\\nb\\x1b[31m\\x09c\\x7f é");
}

TEST(Table, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(shortened("äöü", 3), "äöü");
  EXPECT_EQ(shortened("äöüß", 3), "äö…");
}

}  // namespace
}  // namespace troth::command

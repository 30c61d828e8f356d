#include "folder.h"

namespace troth {
namespace {

TEST(At, GivesAScalarOfAListAsAnArgumentInTheSameRoundTrip) {
  Setting s;
  auto folder = s.connect();
  auto numbers = folder.numbers(10).numbers();
  auto sum = folder.add(numbers.at(3), numbers.at(9)).sum();
  EXPECT_EQ(sum.wait(s), 12);
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(At, GivesAFieldOfAnElementAsAnArgumentInTheSameRoundTrip) {
  Setting s;
  auto folder = s.connect();
  auto entry = folder.list(3).entries().at(2);
  auto text = folder.greet(entry.name()).text();
  auto described = folder.describe(entry).text();
  auto rank = folder.add(entry.rank(), 1).sum();
  EXPECT_EQ(kj::str(text.wait(s)), "hello f2");
  EXPECT_EQ(kj::str(described.wait(s)), "f2:2");
  EXPECT_EQ(rank.wait(s), 21);
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(At, CanBeAwaitedForEveryKindOfElement) {
  Setting s;
  auto folder = s.connect();
  auto entries = folder.list(3).entries();
  EXPECT_EQ(folder.numbers(3).numbers().at(2).wait(s), 2);
  EXPECT_EQ(kj::str(folder.words(3).words().at(1).wait(s)), "word1");
  EXPECT_EQ(folder.colors(3).colors().at(2).wait(s), folder::Color::BLUE);
  EXPECT_EQ(entries.at(1).size().wait(s), 1);
  EXPECT_EQ(kj::str(entries.at(1).wait(s).getName()), "f1");
  EXPECT_EQ(kj::str(entries.at(1).tags().at(1).wait(s)), "two");
  EXPECT_EQ(folder.matrix(4).rows().at(3).wait(s).size(), 3u);
  EXPECT_EQ(folder.matrix(4).rows().at(3).at(2).wait(s), 2);
}

TEST(At, OfAListInAListIsAnArgument) {
  Setting s;
  auto folder = s.connect();
  auto rows = folder.matrix(5).rows();
  auto sum = folder.add(folder.sum(rows.at(4)).sum(), rows.at(4).at(3)).sum();
  EXPECT_EQ(sum.wait(s), 9);
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(At, GivesARefOfAnObjectInAList) {
  Setting s;
  auto folder = s.connect();
  auto entry = folder.list(4).entries().at(3).file().size().bytes();
  auto file = folder.files(4).files().at(2).size().bytes();
  EXPECT_EQ(entry.wait(s), 3);
  EXPECT_EQ(file.wait(s), 2);
}

TEST(At, BreaksBeyondTheEndOfTheList) {
  Setting s;
  auto folder = s.connect();
  auto numbers = folder.numbers(2).numbers();
  EXPECT_MENTIONS(failureOf(folder.add(numbers.at(2), 1).sum(), s), "no such element");
  EXPECT_MENTIONS(failureOf(folder.numbers(2).numbers().at(2), s), "no such element");
  EXPECT_MENTIONS(failureOf(folder.files(1).files().at(1).size(), s), "no such element");
  EXPECT_MENTIONS(failureOf(folder.nothing().entries().at(0).name(), s), "no such element");
}

TEST(At, RefusesAPositionThatHasNoFormOnTheWire) {
  Setting s;
  auto numbers = s.connect().numbers(2).numbers();
  EXPECT_ANY_THROW((void)numbers.at(65536));
}

TEST(At, GivesTheSameFromAStockServer) {
  Setting s;
  auto folder = s.connect<StockFolder>();
  auto numbers = folder.numbers(10).numbers();
  auto entry = folder.list(3).entries().at(2);
  EXPECT_EQ(folder.add(numbers.at(3), numbers.at(9)).sum().wait(s), 12);
  EXPECT_EQ(kj::str(folder.greet(entry.name()).text().wait(s)), "hello f2");
  EXPECT_EQ(entry.file().size().bytes().wait(s), 2);
}

}  // namespace
}  // namespace troth

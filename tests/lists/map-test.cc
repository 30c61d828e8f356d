#include "folder.h"

namespace troth {
namespace {

template <typename T>
std::vector<T> toVector(const auto& list) {
  std::vector<T> result;
  for (auto element: list) result.push_back(element);
  return result;
}

std::vector<std::string> toStrings(const auto& list) {
  std::vector<std::string> result;
  for (auto element: list) result.push_back(element.cStr());
  return result;
}

TEST(Map, CallsAMethodOfAnObjectInEachElementInOneRoundTrip) {
  Setting s;
  auto folder = s.connect();
  int runs = 0;
  auto sizes = folder.list(5).entries().map([&](auto entry) {
    ++runs;
    return entry.file().size().bytes();
  });
  EXPECT_EQ(toVector<int64_t>(sizes.wait(s)), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(s.roundTrips(), 1u);
  EXPECT_EQ(s.counts.calls, 5);
}

TEST(Map, OfAThousandElementsWithTwoDependentCallsEachTakesOneRoundTrip) {
  Setting s;
  auto folder = s.connect();
  auto texts = folder.list(1000).entries().map([](auto entry) {
    auto file = entry.file();
    return file.read(0, file.size().bytes()).text();
  });
  auto list = texts.wait(s);
  ASSERT_EQ(list.size(), 1000u);
  for (uint i = 0; i < 1000; ++i) EXPECT_EQ(kj::str(list[i]), contentOf(0, i).c_str());
  EXPECT_EQ(s.roundTrips(), 1u);
  EXPECT_EQ(s.counts.calls, 2000);
}

TEST(Map, TakesElementsOfEveryKind) {
  Setting s;
  auto folder = s.connect();
  auto sums = folder.numbers(4).numbers().map([&](auto n) { return folder.add(n, n).sum(); });
  auto greetings = folder.words(2).words().map([&](auto w) { return folder.greet(w).text(); });
  auto names = folder.colors(3).colors().map([&](auto c) { return folder.color(c).name(); });
  auto sizes = folder.files(3).files().map([](auto file) { return file.size().bytes(); });
  auto rows = folder.matrix(4).rows().map([&](auto row) { return folder.sum(row).sum(); });
  EXPECT_EQ(toVector<int64_t>(sums.wait(s)), (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(toStrings(greetings.wait(s)), (std::vector<std::string>{"hello word0", "hello word1"}));
  EXPECT_EQ(toStrings(names.wait(s)), (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(toVector<int64_t>(sizes.wait(s)), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(toVector<int64_t>(rows.wait(s)), (std::vector<int64_t>{0, 0, 1, 3}));
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(Map, GivesResultsOfEveryKind) {
  Setting s;
  auto folder = s.connect();
  auto files = folder.files(3).files();
  auto structs = files.map([](auto file) { return file.describe().entry(); });
  auto results = files.map([](auto file) { return file.size(); });
  auto lists = files.map([](auto file) { return file.describe().entry().tags(); });
  auto objects = files.map([](auto file) { return file.copy("copy").file(); });
  auto members = files.map([](auto file) { return file.describe().entry().rank(); });
  auto fields = folder.list(3).entries().map([](auto entry) { return entry.name(); });
  auto same = folder.numbers(3).numbers().map([](auto number) { return number; });
  EXPECT_EQ(kj::str(structs.wait(s)[2].getName()), "f2");
  EXPECT_EQ(results.wait(s)[1].getBytes(), 1);
  EXPECT_EQ(lists.wait(s).size(), 3u);
  auto copies = objects.wait(s);
  EXPECT_EQ(toVector<int64_t>(members.wait(s)), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(toStrings(fields.wait(s)), (std::vector<std::string>{"f0", "f1", "f2"}));
  EXPECT_EQ(toVector<int64_t>(same.wait(s)), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(s.roundTrips(), 1u);
  EXPECT_EQ(Ref<folder::File>(copies[2]).size().bytes().wait(s), 2);
}

TEST(Map, UsesCapturedRefsAndPromisedValues) {
  Setting s;
  auto folder = s.connect();
  auto offset = folder.add(40, 2).sum();
  auto prefix = folder.greet("you").text();
  auto sums = folder.files(3).files().map(
      [&](auto file) { return folder.add(folder.measure(file).bytes(), offset).sum(); });
  auto copies = folder.files(2).files().map(
      [&](auto file) { return file.copy(prefix).file().name().name(); });
  EXPECT_EQ(toVector<int64_t>(sums.wait(s)), (std::vector<int64_t>{42, 43, 44}));
  EXPECT_EQ(toStrings(copies.wait(s)), (std::vector<std::string>{"hello you", "hello you"}));
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(Map, UsesCapturedObjectsThatArePromised) {
  Setting s;
  auto folder = s.connect();
  auto copy = Ref<folder::File>(folder.files(3).wait(s).getFiles()[2]).copy("copy").file();
  auto sums = folder.numbers(2).numbers().map(
      [&](auto number) { return folder.add(number, copy.size().bytes()).sum(); });
  EXPECT_EQ(toVector<int64_t>(sums.wait(s)), (std::vector<int64_t>{2, 3}));
}

TEST(Map, UsesCapturedValuesThatAreThereAlready) {
  Setting s;
  auto folder = s.connect();
  auto settled = folder.add(1, 1);
  auto two = settled.sum();
  EXPECT_EQ(folder.add(settled.sum(), 0).sum().wait(s), 2);
  auto before = s.roundTrips();
  auto sums = folder.numbers(2).numbers().map([&](auto n) { return folder.add(n, two).sum(); });
  EXPECT_EQ(toVector<int64_t>(sums.wait(s)), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(s.roundTrips(), before + 1);
}

TEST(Map, OfAnEmptyOrANullListIsEmpty) {
  Setting s;
  auto folder = s.connect();
  auto nothing = folder.nothing();
  auto entries = nothing.entries().map([](auto entry) { return entry.file().size().bytes(); });
  auto numbers = nothing.numbers().map([&](auto n) { return folder.add(n, n).sum(); });
  auto files = folder.files(0).files().map([](auto file) { return file.size().bytes(); });
  EXPECT_EQ(entries.wait(s).size(), 0u);
  EXPECT_EQ(numbers.wait(s).size(), 0u);
  EXPECT_EQ(files.wait(s).size(), 0u);
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(Map, OfAListThatIsThereAlreadyRunsHere) {
  Setting s;
  auto folder = s.connect();
  auto entries = folder.list(5).entries();
  EXPECT_EQ(entries.at(0).size().wait(s), 0);
  auto before = s.roundTrips();
  int runs = 0;
  auto texts = entries.map([&](auto entry) {
    ++runs;
    return folder.greet(entry.file().copy(entry.name()).file().name().name()).text();
  });
  EXPECT_EQ(kj::str(texts.wait(s)[4]), "hello f4");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(s.roundTrips(), before + 1);
}

TEST(Map, GivesTheSameFromAStockServer) {
  Setting s;
  auto folder = s.connect<StockFolder>();
  auto offset = folder.add(40, 2).sum();
  auto sums = folder.list(1500).entries().map([&](auto entry) {
    return folder.add(folder.measure(entry.file().copy(entry.name()).file()).bytes(), offset).sum();
  });
  auto names =
      folder.files(3).files().map([](auto file) { return file.describe().entry().name(); });
  auto doubled = folder.numbers(4).numbers().map([&](auto n) { return folder.add(n, n).sum(); });
  auto nothing = folder.nothing().files().map([](auto file) { return file.size().bytes(); });
  auto list = sums.wait(s);
  ASSERT_EQ(list.size(), 1500u);
  for (uint i = 0; i < 1500; ++i) EXPECT_EQ(list[i], 42 + i);
  EXPECT_EQ(toStrings(names.wait(s)), (std::vector<std::string>{"f0", "f1", "f2"}));
  EXPECT_EQ(toVector<int64_t>(doubled.wait(s)), (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(nothing.wait(s).size(), 0u);
}

TEST(Map, BreaksWithTheErrorOfACall) {
  Setting s;
  auto folder = s.connect();
  auto broken = folder.files(3).files().map([](auto file) { return file.fail("this").bytes(); });
  EXPECT_MENTIONS(failureOf(kj::mv(broken), s), "this");
  auto unused = folder.files(3).files().map([](auto file) {
    auto ignored = file.fail("that");
    return file.size().bytes();
  });
  EXPECT_MENTIONS(failureOf(kj::mv(unused), s), "that");
  auto notSet = folder.list(3).entries().map([](auto entry) { return entry.note(); });
  EXPECT_MENTIONS(failureOf(kj::mv(notSet), s), "note");
}

TEST(Map, BreaksIfItsListOrWhatItCapturedBreaks) {
  Setting s;
  auto folder = s.connect();
  auto file = Ref<folder::File>(folder.files(1).wait(s).getFiles()[0]);
  auto bad = file.fail("lost").bytes();
  auto sums = folder.numbers(2).numbers().map([&](auto n) { return folder.add(n, bad).sum(); });
  EXPECT_MENTIONS(failureOf(kj::mv(sums), s), "lost");
  auto none =
      folder.list(2).entries().at(7).tags().map([&](auto tag) { return folder.greet(tag).text(); });
  EXPECT_MENTIONS(failureOf(kj::mv(none), s), "no such element");
}

TEST(Map, SaysWhichObjectsItCannotUse) {
  Setting s;
  s.counts.stockFiles = true;
  auto folder = s.connect();
  auto sizes = folder.files(3).files().map([](auto file) { return file.size().bytes(); });
  EXPECT_MENTIONS(failureOf(kj::mv(sizes), s), "does not implement Object");
  EXPECT_EQ(s.counts.calls, 0);
}

TEST(Map, WorksOnABoundedNumberOfElementsAtOnce) {
  Setting s;
  auto folder = s.connect();
  auto held = folder.files(500).files().map([](auto file) { return file.hold().bytes(); });
  s.settle();
  EXPECT_EQ(s.counts.open, 64);
  s.counts.openGate();
  EXPECT_EQ(held.wait(s).size(), 500u);
  EXPECT_EQ(s.counts.openMax, 64);
}

TEST(Map, IsRefusedForAListThatIsTooLong) {
  Setting s;
  auto folder = s.connect();
  auto sums = folder.numbers(65537).numbers().map([&](auto n) { return folder.add(n, n).sum(); });
  EXPECT_MENTIONS(failureOf(kj::mv(sums), s), "too many");
}

TEST(Map, EndsAtTheServerWhenItIsDropped) {
  Setting s;
  auto folder = s.connect();
  {
    auto held = folder.files(100).files().map([](auto file) { return file.hold().bytes(); });
    s.settle();
    EXPECT_EQ(s.counts.open, 64);
  }
  s.settle();
  s.counts.openGate();
  s.settle();
  EXPECT_LE(s.counts.openMax, 64);
  EXPECT_EQ(s.counts.open, 0);
  EXPECT_EQ(folder.add(1, 1).sum().wait(s), 2);
}

void expectChildSizes(const auto& lists) {
  ASSERT_EQ(lists.size(), 4u);
  for (uint i = 0; i < 4; ++i) {
    ASSERT_EQ(lists[i].size(), i);
    for (uint j = 0; j < i; ++j) EXPECT_EQ(lists[i][j], j + i + 40) << i << " " << j;
  }
}

// Each child's size, its parent's, and a number from outside.
auto mapChildren(Ref<folder::Folder> folder, const Promise<capnp::List<folder::File>>& files) {
  auto offset = folder.add(20, 20).sum();
  return files.map([&](auto file) {
    auto size = file.size().bytes();
    return file.children().files().map([&](auto child) {
      auto both = folder.add(child.size().bytes(), size).sum();
      return folder.add(both, offset).sum();
    });
  });
}

TEST(NestedMap, TakesOneRoundTrip) {
  Setting s;
  auto folder = s.connect();
  auto lists = mapChildren(folder, folder.files(4).files());
  expectChildSizes(lists.wait(s));
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(NestedMap, GivesTheSameWhereTheOuterListIsThereAlready) {
  Setting s;
  auto folder = s.connect();
  auto results = folder.files(4);
  auto files = results.files();
  EXPECT_EQ(files.at(0).size().bytes().wait(s), 0);
  expectChildSizes(mapChildren(folder, files).wait(s));
}

TEST(NestedMap, GivesTheSameFromAStockServer) {
  Setting s;
  auto folder = s.connect<StockFolder>();
  expectChildSizes(mapChildren(folder, folder.files(4).files()).wait(s));
}

TEST(NestedMap, UsesObjectsOfTheOuterBodyAndListsInTheElement) {
  Setting s;
  auto folder = s.connect();
  auto texts = folder.list(3).entries().map([&](auto entry) {
    auto file = entry.file();
    return entry.tags().map([&](auto tag) { return file.copy(tag).file().name().name(); });
  });
  auto sums = folder.matrix(4).rows().map(
      [&](auto row) { return row.map([&](auto cell) { return folder.add(cell, 1).sum(); }); });
  auto list = texts.wait(s);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(toStrings(list[2]), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(toVector<int64_t>(sums.wait(s)[3]), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(s.roundTrips(), 1u);
}

TEST(NestedMap, UsesObjectsOfTheOuterBodyWhereThatRunsHere) {
  Setting s;
  auto folder = s.connect();
  auto files = folder.files(3).files();
  EXPECT_EQ(files.at(0).size().bytes().wait(s), 0);
  auto texts = files.map([&](auto file) {
    return file.children().files().map(
        [&](auto child) { return file.copy(child.name().name()).file().name().name(); });
  });
  auto list = texts.wait(s);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(toStrings(list[2]), (std::vector<std::string>{"f2/0", "f2/1"}));
}

TEST(NestedMap, BreaksWithTheErrorOfACall) {
  Setting s;
  auto folder = s.connect();
  auto lists = folder.files(3).files().map([&](auto file) {
    return file.children().files().map([](auto child) { return child.fail("deep").bytes(); });
  });
  EXPECT_MENTIONS(failureOf(kj::mv(lists), s), "deep");
}

}  // namespace
}  // namespace troth

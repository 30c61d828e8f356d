// What a map gives, as an argument, mapped again, and element by element: before it is there.

#include "folder.h"

namespace troth {
namespace {

enum class Kind { TROTH, STOCK };

class Mapped: public testing::TestWithParam<Kind> {
public:
  ~Mapped() noexcept override {}

protected:
  Ref<folder::Folder> connect() {
    return GetParam() == Kind::TROTH ? s.connect() : s.connect<StockFolder>();
  }
  void expectOneRoundTrip() {
    if (GetParam() == Kind::TROTH) EXPECT_EQ(s.roundTrips(), 1u);
  }

  Setting s;
};
INSTANTIATE_TEST_SUITE_P(Servers, Mapped, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

std::vector<int64_t> numbersOf(const auto& list) {
  std::vector<int64_t> numbers;
  for (auto number: list) numbers.push_back(number);
  return numbers;
}

TEST_P(Mapped, CanBeMappedAndIndexedAndPassedOn) {
  auto folder = connect();
  auto sizes = folder.files(4).files().map([](auto file) { return file.size().bytes(); });
  auto doubled = sizes.map([&](auto n) { return folder.add(n, n).sum(); });
  auto last = folder.add(sizes.at(3), doubled.at(1)).sum();
  auto sum = folder.sum(doubled).sum();
  EXPECT_EQ(numbersOf(doubled.wait(s)), (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(last.wait(s), 5);
  EXPECT_EQ(sum.wait(s), 12);
  EXPECT_EQ(sizes.at(3).wait(s), 3);
  expectOneRoundTrip();
}

TEST_P(Mapped, ListsOfEveryKindAreArguments) {
  auto folder = connect();
  auto words = folder.words(2).words().map([&](auto word) { return folder.greet(word).text(); });
  auto colors = folder.colors(3).colors().map([](auto color) { return color; });
  auto files = folder.files(3).files();
  auto entries = files.map([](auto file) { return file.describe().entry(); });
  auto copies = files.map([](auto file) { return file.copy("copy").file(); });
  auto rows = folder.matrix(3).rows().map([](auto row) { return row; });
  auto nothing = folder.words(0).words().map([](auto word) { return word; });
  auto text = folder.every(words, colors, entries, copies, rows, {true, false}).text();
  auto less = folder.every(nothing, colors, {}, {}, {}, {}).text();
  EXPECT_EQ(
      kj::str(text.wait(s)), "hello word0 hello word1 /red green blue /f0 f1 f2 / 0 01 /yes no /3");
  EXPECT_EQ(kj::str(less.wait(s)), "/red green blue ////0");
  expectOneRoundTrip();
}

TEST_P(Mapped, ListsOfListsAreArguments) {
  auto folder = connect();
  auto rows = folder.matrix(3).rows().map(
      [&](auto row) { return row.map([&](auto n) { return folder.add(n, 1).sum(); }); });
  auto text = folder.every({}, {}, {}, {}, rows, {}).text();
  auto sum = folder.sum(rows.at(2)).sum();
  auto one = folder.add(rows.at(2).at(1), 0).sum();
  EXPECT_EQ(kj::str(text.wait(s)), "/// 1 12 //0");
  EXPECT_EQ(sum.wait(s), 3);
  EXPECT_EQ(one.wait(s), 2);
}

TEST_P(Mapped, ObjectsAreCalledAndMapped) {
  auto folder = connect();
  auto copies = folder.files(4).files().map([](auto file) { return file.copy("copy").file(); });
  auto size = copies.at(3).size().bytes();
  auto text = copies.at(2).read(0, size).text();
  auto names = copies.map([](auto file) { return file.name().name(); });
  auto measured = folder.measure(copies.at(1)).bytes();
  EXPECT_EQ(size.wait(s), 3);
  EXPECT_EQ(kj::str(text.wait(s)), "abc");
  EXPECT_EQ(kj::str(names.wait(s)[3]), "copy");
  EXPECT_EQ(measured.wait(s), 1);
  expectOneRoundTrip();
}

// What the peer does not know the type of has no parts with a name there.
TEST_P(Mapped, FieldsOfElementsAreAwaited) {
  auto folder = connect();
  auto entries = folder.files(4).files().map([](auto file) { return file.describe().entry(); });
  auto greeting = folder.greet(entries.at(2).name()).text();
  auto sizes = entries.map([&](auto entry) { return folder.add(entry.size(), 1).sum(); });
  auto names = entries.map([](auto entry) { return entry.name(); });
  auto all = folder.whole(entries.at(3)).text();
  auto rows = folder.matrix(3).rows().map([](auto row) { return row; });
  auto more =
      rows.map([&](auto row) { return row.map([&](auto n) { return folder.add(n, 1).sum(); }); });
  auto inRow = rows.at(2).map([&](auto n) { return folder.add(n, 5).sum(); });
  EXPECT_EQ(kj::str(greeting.wait(s)), "hello f2");
  EXPECT_EQ(numbersOf(sizes.wait(s)), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(kj::str(names.wait(s)[1]), "f1");
  EXPECT_EQ(kj::str(all.wait(s)), "f3:3:0");
  EXPECT_EQ(numbersOf(more.wait(s)[2]), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(numbersOf(inRow.wait(s)), (std::vector<int64_t>{5, 6}));
}

TEST_P(Mapped, ListsAndElementsAreCaptured) {
  auto folder = connect();
  auto sizes = folder.files(4).files().map([](auto file) { return file.size().bytes(); });
  auto entries = folder.files(2).files().map([](auto file) { return file.describe().entry(); });
  auto sums = folder.numbers(3).numbers().map([&](auto n) {
    return folder.add(folder.add(n, sizes.at(3)).sum(), folder.sum(sizes).sum()).sum();
  });
  auto deeper = folder.numbers(2).numbers().map(
      [&](auto n) { return folder.add(n, entries.at(1).size()).sum(); });
  auto lists = folder.numbers(2).numbers().map(
      [&](auto n) { return sizes.map([&](auto size) { return folder.add(n, size).sum(); }); });
  EXPECT_EQ(numbersOf(sums.wait(s)), (std::vector<int64_t>{9, 10, 11}));
  EXPECT_EQ(numbersOf(deeper.wait(s)), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(numbersOf(lists.wait(s)[1]), (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST_P(Mapped, ABrokenListBreaksWhatNeedsIt) {
  auto folder = connect();
  auto sizes = folder.files(2).files().map([](auto file) { return file.fail("lost").bytes(); });
  auto sum = folder.sum(sizes);
  auto more = sizes.map([&](auto n) { return folder.add(n, n).sum(); });
  auto one = folder.add(sizes.at(0), 1);
  auto short_ = folder.files(2).files().map([](auto file) { return file.size().bytes(); });
  auto none = folder.add(short_.at(2), 1);
  EXPECT_MENTIONS(failureOf(kj::mv(sum), s), "lost");
  EXPECT_MENTIONS(failureOf(kj::mv(more), s), "lost");
  EXPECT_MENTIONS(failureOf(kj::mv(one), s), "lost");
  EXPECT_MENTIONS(failureOf(kj::mv(none), s), "no such element");
  EXPECT_EQ(short_.wait(s).size(), 2u);
}

void useInLaterTurns(Kind kind) {
  for (int turns = 0; turns < 20; ++turns) {
    Setting s;
    auto folder = kind == Kind::TROTH ? s.connect() : s.connect<StockFolder>();
    auto sizes = folder.files(4).files().map([](auto file) { return file.size().bytes(); });
    auto sum = folder.sum(sizes).sum();
    s.loop.waitScope().poll(turns);
    auto late = folder.sum(sizes).sum();
    auto doubled = sizes.map([&](auto n) { return folder.add(n, n).sum(); });
    EXPECT_EQ(sum.wait(s), 6);
    EXPECT_EQ(late.wait(s), 6);
    EXPECT_EQ(numbersOf(doubled.wait(s)), (std::vector<int64_t>{0, 2, 4, 6}));
  }
}

TEST_P(Mapped, ParametersAreAStructThatIsPromised) {
  auto folder = connect();
  auto entry = folder.list(3).entries().at(2);
  auto text = folder.whole(entry).text();
  auto described = folder.whole(folder.list(2).entries().at(1)).text();
  auto texts = folder.list(3).entries().map([&](auto e) { return folder.whole(e).text(); });
  EXPECT_EQ(kj::str(text.wait(s)), "f2:2:2");
  EXPECT_EQ(kj::str(described.wait(s)), "f1:1:2");
  EXPECT_EQ(kj::str(texts.wait(s)[1]), "f1:1:2");
  EXPECT_EQ(kj::str(folder.whole(entry).text().wait(s)), "f2:2:2");
  EXPECT_MENTIONS(failureOf(folder.whole(folder.list(2).entries().at(2)), s), "no such element");
}

TEST(MappedLater, IsUsedWhereverItIs) { useInLaterTurns(Kind::TROTH); }

TEST(MappedLater, IsUsedWhenAStockVatHasGivenTheList) { useInLaterTurns(Kind::STOCK); }

TEST(MappedOverVats, ListsAreArgumentsInAnotherVat) {
  Setting one;
  Counts counts;
  VatOptions options;
  options.loop = one.loop;
  Vat server(kj::mv(options));
  server.serve(kj::heap<FolderServer>(counts));
  auto pipe = one.loop.newTwoWayPipe();
  server.accept(kj::mv(pipe.ends[0]));
  auto other = one.client.connect<folder::Folder>(kj::mv(pipe.ends[1]));
  auto folder = one.connect();
  auto sizes = folder.files(4).files().map([](auto file) { return file.size().bytes(); });
  auto rows = folder.files(3).files().map([](auto file) {
    return file.children().files().map([](auto child) { return child.size().bytes(); });
  });
  auto sum = other.sum(sizes).sum();
  auto text = other.every({}, {}, {}, {}, rows, {}).text();
  auto one_ = other.add(sizes.at(2), 1).sum();
  auto entry = other.whole(folder.list(3).entries().at(1)).text();
  EXPECT_EQ(sum.wait(one), 6);
  EXPECT_EQ(kj::str(text.wait(one)), "/// 0 01 //0");
  EXPECT_EQ(one_.wait(one), 3);
  EXPECT_EQ(kj::str(entry.wait(one)), "f1:1:2");
}

}  // namespace
}  // namespace troth

// Lists, elements and captured objects on several vats: what map gives, and in how many round
// trips.

#include "folder.h"

namespace troth {
namespace {

std::vector<int64_t> numbersOf(const auto& list) {
  std::vector<int64_t> numbers;
  for (auto number: list) numbers.push_back(number);
  return numbers;
}

// Hands out what it was given: entries and files of another vat.
class ProxyFolder final: public Server<folder::Folder> {
public:
  explicit ProxyFolder(Ref<folder::Folder> behind): behind(behind) {}

  kj::Promise<void> list(List call) override {
    auto entries = co_await behind.list(call.count()).entries();
    call.results().setEntries(entries);
  }
  kj::Promise<void> files(Files call) override {
    auto files = co_await behind.files(call.count()).files();
    call.results().setFiles(files);
  }
  kj::Promise<void> numbers(Numbers call) override {
    auto numbers = call.results().initNumbers(call.count());
    for (uint i = 0; i < numbers.size(); ++i) numbers.set(i, i);
    return kj::READY_NOW;
  }
  kj::Promise<void> add(Add call) override { return call.fulfill(call.a() + call.b()); }

private:
  Ref<folder::Folder> behind;
};

// A client that is connected to vats of which one may be connected to another, in one thread.
class Vats {
public:
  // A vat that serves `main`, reached from the client.
  Ref<folder::Folder> connect(Ref<folder::Folder> main) { return connect(client, main); }

  // A vat that serves `main`, reached from `from`.
  Ref<folder::Folder> connect(Vat& from, Ref<folder::Folder> main) {
    auto server = kj::heap<Vat>(options());
    server->serve("", folder::Folder::Client(main));
    auto pipe = loop.newTwoWayPipe();
    server->accept(kj::mv(pipe.ends[0]));
    servers.add(kj::mv(server));
    return from.connect<folder::Folder>(kj::mv(pipe.ends[1]));
  }
  Ref<folder::Folder> connectNew(Counts& counts) { return connect(kj::heap<FolderServer>(counts)); }
  Ref<folder::Folder> connectStock(Counts& counts) {
    return connect(Ref<folder::Folder>(kj::heap<StockFolder>(counts)));
  }

  // A vat whose folder hands out what is in another vat, which serves `main`.
  Ref<folder::Folder> connectProxyOf(Ref<folder::Folder> main) {
    return connect(kj::heap<ProxyFolder>(connect(middle, main)));
  }

  // Round trips of the client since the last time.
  uint64_t roundTrips() {
    auto now = client.getTraffic().roundTrips;
    auto result = now - before;
    before = now;
    return result;
  }
  operator kj::WaitScope&() { return loop.waitScope(); }

  Loop loop;
  kj::Vector<kj::Own<Vat>> servers;
  Vat middle{options()};
  Vat client{options()};

private:
  uint64_t before = 0;

  VatOptions options() {
    VatOptions result;
    result.loop = loop;
    return result;
  }
};

// The sums of each number and what `other` adds to it, one call at a time.
std::vector<int64_t> sumsOneByOne(Vats& vats, Ref<folder::Folder> list, Ref<folder::Folder> other) {
  std::vector<int64_t> sums;
  for (auto number: list.numbers(5).numbers().wait(vats)) {
    sums.push_back(other.add(number, other.add(20, 1).sum().wait(vats)).sum().wait(vats));
  }
  vats.roundTrips();
  return sums;
}

TEST(MapOverVats, CallsACapturedObjectOfAnotherVatFromHere) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto other = vats.connectNew(c);
  auto expected = sumsOneByOne(vats, list, other);
  auto offset = other.add(20, 1).sum();
  auto sums = list.numbers(5).numbers().map([&](auto n) { return other.add(n, offset).sum(); });
  EXPECT_EQ(numbersOf(sums.wait(vats)), expected);
  // One to the list; to the other vat one for the offset and one for the calls of all elements.
  EXPECT_EQ(vats.roundTrips(), 3u);
}

TEST(MapOverVats, CallsACapturedObjectOfAStockVat) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto stock = vats.connectStock(c);
  auto expected = sumsOneByOne(vats, list, stock);
  auto offset = stock.add(20, 1).sum();
  auto sums = list.numbers(5).numbers().map([&](auto n) { return stock.add(n, offset).sum(); });
  EXPECT_EQ(numbersOf(sums.wait(vats)), expected);
}

TEST(MapOverVats, CallsAnObjectOfTheCaller) {
  Counts b, own;
  Vats vats;
  auto list = vats.connectNew(b);
  Ref<folder::Folder> ours = kj::heap<FolderServer>(own);
  Ref<folder::Folder> stock = kj::heap<StockFolder>(own);
  auto numbers = list.numbers(3).numbers();
  auto sums = numbers.map([&](auto n) { return ours.add(n, stock.add(n, 1).sum()).sum(); });
  EXPECT_EQ(numbersOf(sums.wait(vats)), (std::vector<int64_t>{1, 3, 5}));
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(MapOverVats, UsesAValueOfAThirdVatNextToTheList) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto other = vats.connectNew(c);
  other.add(other.add(0, 0).sum(), 0).sum().wait(vats);
  vats.roundTrips();
  auto offset = other.add(20, 1).sum();
  auto sums = list.numbers(3).numbers().map([&](auto n) { return list.add(n, offset).sum(); });
  EXPECT_EQ(numbersOf(sums.wait(vats)), (std::vector<int64_t>{21, 22, 23}));
  // One to the list; to the other vat one for the value, and one by which the list's vat gets it.
  EXPECT_EQ(vats.roundTrips(), 3u);
}

TEST(MapOverVats, UsesAValueOfAStockVatAndMakesEachCallOnce) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto stock = vats.connectStock(c);
  auto offset = stock.add(20, 1).sum();
  auto sums = list.files(3).files().map([&](auto file) {
    auto size = file.size().bytes();
    return list.add(size, offset).sum();
  });
  EXPECT_EQ(numbersOf(sums.wait(vats)), (std::vector<int64_t>{21, 22, 23}));
  EXPECT_EQ(b.calls, 3);
}

TEST(MapOverVats, PassesAnObjectOfAThirdVatAlong) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto file = vats.connectNew(c).files(5).files().at(4);
  auto sums = list.numbers(3).numbers().map(
      [&](auto n) { return list.add(n, list.measure(file).bytes()).sum(); });
  EXPECT_EQ(numbersOf(sums.wait(vats)), (std::vector<int64_t>{4, 5, 6}));
  EXPECT_EQ(c.calls, 3);
}

TEST(MapOverVats, TakesElementsThatAreObjectsOfAVatBehindTheList) {
  Counts c;
  Vats vats;
  auto proxy = vats.connectProxyOf(kj::heap<FolderServer>(c));
  auto sizes = proxy.files(4).files().map([](auto file) { return file.size().bytes(); });
  auto texts = proxy.list(4).entries().map([](auto entry) {
    auto file = entry.file();
    return file.read(0, file.size().bytes()).text();
  });
  EXPECT_EQ(numbersOf(sizes.wait(vats)), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(kj::str(texts.wait(vats)[3]), "abc");
  EXPECT_EQ(vats.roundTrips(), 1u);
}

// Each child's size, and its parent's.
std::vector<std::vector<int64_t>> childSizes(
    Vats& vats, Ref<folder::Folder> list, Ref<folder::Folder> adder) {
  auto lists = list.files(4).files().map([&](auto file) {
    auto size = file.size().bytes();
    return file.children().files().map(
        [&](auto child) { return adder.add(child.size().bytes(), size).sum(); });
  });
  std::vector<std::vector<int64_t>> result;
  for (auto sizes: lists.wait(vats)) result.push_back(numbersOf(sizes));
  return result;
}

const std::vector<std::vector<int64_t>> CHILD_SIZES = {{}, {1}, {2, 3}, {3, 4, 5}};

TEST(NestedMapOverVats, MapsTheInnerListWhereItIs) {
  Counts c;
  Vats vats;
  auto proxy = vats.connectProxyOf(kj::heap<FolderServer>(c));
  EXPECT_EQ(childSizes(vats, proxy, proxy), CHILD_SIZES);
  EXPECT_EQ(vats.roundTrips(), 1u);
}

TEST(NestedMapOverVats, UsesAnObjectOfAnotherVatInTheInnerBody) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  EXPECT_EQ(childSizes(vats, list, vats.connectNew(c)), CHILD_SIZES);
  EXPECT_EQ(childSizes(vats, list, vats.connectStock(c)), CHILD_SIZES);
}

TEST(NestedMapOverVats, MapsAListOfAnotherVatForEachElement) {
  Counts b, c;
  Vats vats;
  auto list = vats.connectNew(b);
  auto other = vats.connectNew(c);
  auto inner = other.numbers(3).numbers();
  auto lists = list.numbers(2).numbers().map(
      [&](auto n) { return inner.map([&](auto m) { return list.add(n, m).sum(); }); });
  auto result = lists.wait(vats);
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(numbersOf(result[1]), (std::vector<int64_t>{1, 2, 3}));
}

TEST(NestedMapOverVats, BreaksWithTheElementsOfBothLists) {
  Counts c;
  Vats vats;
  auto proxy = vats.connectProxyOf(kj::heap<FolderServer>(c));
  auto lists = proxy.files(2).files().map([](auto file) {
    return file.children().files().map([](auto child) { return child.fail("deep").bytes(); });
  });
  auto words = failureOf(kj::mv(lists), vats);
  EXPECT_MENTIONS(words, "deep");
  EXPECT_MENTIONS(words,
      "\n  while mapping element 0 (File.fail on the element)"
      "\n  while mapping element 1 (List.map on \"files\" of File.children)");
}

}  // namespace
}  // namespace troth

// What the error of a map says: which element it was, and which call.

#include "folder.h"

namespace troth {
namespace {

// Where the body runs.
enum class Where { NEXT_TO_THE_LIST, HERE, FOR_A_STOCK_VAT };

class MapErrors: public testing::TestWithParam<Where> {
public:
  ~MapErrors() noexcept override = default;

protected:
  Setting s;
  Ref<folder::Folder> folder =
      GetParam() == Where::FOR_A_STOCK_VAT ? s.connect<StockFolder>() : s.connect();

  // Calls, whose results have arrived if they are to be mapped here.
  auto files(uint count) {
    auto results = folder.files(count);
    if (GetParam() == Where::HERE) s.settle();
    return results;
  }
  auto list(uint count) {
    auto results = folder.list(count);
    if (GetParam() == Where::HERE) s.settle();
    return results;
  }
};

std::string nameOf(const testing::TestParamInfo<Where>& info) {
  switch (info.param) {
    case Where::NEXT_TO_THE_LIST: return "NextToTheList";
    case Where::HERE: return "Here";
    case Where::FOR_A_STOCK_VAT: return "ForAStockVat";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Run, MapErrors,
    testing::Values(Where::NEXT_TO_THE_LIST, Where::HERE, Where::FOR_A_STOCK_VAT), nameOf);

TEST_P(MapErrors, NameTheElementAndTheCall) {
  s.counts.nameless = "f17";
  auto results = list(100);
  auto names = results.entries().map([](auto entry) { return entry.file().name().name(); });
  auto words = failureOf(kj::mv(names), s);
  EXPECT_MENTIONS(words, "this file has no name");
  EXPECT_MENTIONS(words, "\n  while mapping element 17 (File.name on \"file\" of the element)");
  EXPECT_MENTIONS(words, "\n  while calling List.map");
}

TEST_P(MapErrors, NameTheFirstOfTheCallsThatBreak) {
  s.counts.nameless = "f2";
  auto results = files(5);
  auto greetings = results.files().map([&](auto file) {
    auto other = file.size();
    return folder.greet(folder.greet(file.name().name()).text()).text();
  });
  EXPECT_MENTIONS(
      failureOf(kj::mv(greetings), s), "\n  while mapping element 2 (File.name on the element)");
}

TEST_P(MapErrors, NameACallOnWhatAnotherCallGave) {
  s.counts.nameless = "other";
  auto results = files(2);
  auto names =
      results.files().map([](auto file) { return file.copy("other").file().name().name(); });
  EXPECT_MENTIONS(failureOf(kj::mv(names), s),
      "\n  while mapping element 0 (File.name on \"file\" of File.copy)");
}

TEST_P(MapErrors, NameACallOnWhatWasCaptured) {
  auto results = files(2);
  auto lost = folder.files(1).files().at(0).fail("lost").bytes();
  auto sums =
      results.files().map([&](auto file) { return folder.add(file.size().bytes(), lost).sum(); });
  EXPECT_MENTIONS(failureOf(kj::mv(sums), s), "lost");
}

TEST_P(MapErrors, NameTheElementWhoseResultIsNotThere) {
  auto results = list(2);
  auto notes = results.entries().map([](auto entry) { return entry.note(); });
  auto words = failureOf(kj::mv(notes), s);
  EXPECT_MENTIONS(words, "Entry.note is not the member that is set");
  EXPECT_MENTIONS(words, "\n  while mapping element 0\n");
}

TEST_P(MapErrors, NameTheElementsOfAllListsThatAreInsideEachOther) {
  s.counts.nameless = "f3/1";
  auto results = files(5);
  auto names = results.files().map([](auto file) {
    return file.children().files().map([](auto child) { return child.name().name(); });
  });
  auto words = failureOf(kj::mv(names), s);
  EXPECT_MENTIONS(words, "\n  while mapping element 1 (File.name on the element)");
  EXPECT_MENTIONS(words, "\n  while mapping element 3 (List.map on \"files\" of File.children)");
}

TEST_P(MapErrors, NameAnElementOfAnOuterListThatTheInnerBodyCalls) {
  s.counts.nameless = "f1";
  auto results = files(2);
  auto names = results.files().map([](auto file) {
    return file.children().files().map([&](auto child) {
      auto size = child.size();
      return file.name().name();
    });
  });
  auto words = failureOf(kj::mv(names), s);
  EXPECT_MENTIONS(words, "\n  while mapping element 0 (File.name on an outer element or call)");
  EXPECT_MENTIONS(words, "\n  while mapping element 1 (");
}

TEST_P(MapErrors, SayNothingOfElementsWhenTheListBreaks) {
  auto results = files(2);
  auto tags = results.files().at(0).describe().entry().tags();
  auto broken =
      folder.files(1).files().at(7).describe().entry().tags().map([](auto tag) { return tag; });
  auto words = failureOf(kj::mv(broken), s);
  EXPECT_MENTIONS(words, "no such element");
  EXPECT_EQ(words.find("while mapping"), std::string::npos) << words;
}

// A server whose errors look like what a server of ours adds to them.
class LyingFolder final: public folder::Folder::Server {
public:
  explicit LyingFolder(Counts&) {}

private:
  kj::Promise<void> files(FilesContext) override {
    KJ_FAIL_REQUIRE(
        "x\n  while mapping element 3 (step 99999999999999999999)"
        "\n  while mapping element 4 (step 7\n  while mapping element ");
  }
};

TEST(MapError, OfAServerThatLiesIsPassedOnAsItIs) {
  Setting s;
  auto folder = s.connect<LyingFolder>();
  auto names = folder.files(3).files().map([](auto file) { return file.name().name(); });
  EXPECT_MENTIONS(failureOf(kj::mv(names), s), "(step 7");
}

}  // namespace
}  // namespace troth

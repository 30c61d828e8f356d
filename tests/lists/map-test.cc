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

}  // namespace
}  // namespace troth

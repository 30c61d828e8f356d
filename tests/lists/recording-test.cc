// What the body of a map cannot do and the compiler cannot know: it is refused while it is
// recorded.

#include "folder.h"

namespace troth {
namespace {

TEST(Recording, RefusesToAwait) {
  Setting s;
  auto folder = s.connect();
  auto numbers = folder.numbers(2).numbers();
  std::string words;
  try {
    auto sums = numbers.map([&](auto n) { return folder.add(n, n.wait(s)).sum(); });
  } catch (const kj::Exception& exception) {
    words = exception.getDescription().cStr();
  }
  EXPECT_MENTIONS(words, "only recorded");
}

template <typename Body>
std::string refusalOf(Ref<folder::Folder>& folder, Body&& body) {
  try {
    auto mapped = folder.files(2).files().map(body);
  } catch (const kj::Exception& exception) {
    return exception.getDescription().cStr();
  }
  return "";
}

TEST(Recording, RefusesWhatCannotBeRecorded) {
  Setting s;
  auto folder = s.connect();
  auto other = folder.add(1, 2).sum();
  EXPECT_MENTIONS(refusalOf(folder, [&](auto) { return kj::mv(other); }), "made from the element");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        auto pushed = file.push(1);
                        return file.size().bytes();
                      }),
      "streaming");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        auto last = file;
                        for (int i = 0; i < 65; ++i) last = last.copy("c").file();
                        return last.size().bytes();
                      }),
      "too many steps");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        return folder.describe([&](auto entry) { entry.setFile(file); }).text();
                      }),
      "not a part of one");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        auto sizes = file.children().files().map(
                            [](auto child) { return child.size().bytes(); });
                        return folder.sum(sizes).sum();
                      }),
      "can only be returned");
}

kj::Promise<void> look(Promise<int64_t> number) {
  auto value = co_await number;
  KJ_LOG(ERROR, "a value that is only recorded", value);
}

TEST(Recording, RefusesToContinueWithAValue) {
  Setting s;
  auto folder = s.connect();
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        auto looking = look(file.size().bytes());
                        return file.name().name();
                      }),
      "only recorded");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        file.size().bytes().detach([](kj::Exception&&) {});
                        return file.name().name();
                      }),
      "only recorded");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        auto size = file.size().bytes().then([](int64_t) { ADD_FAILURE(); }).fork();
                        return file.name().name();
                      }),
      "only recorded");
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto file) {
                        return file.children().files().map([&](auto child) {
                          file.size().detach([](kj::Exception&&) {});
                          return child.name().name();
                        });
                      }),
      "only recorded");
}

TEST(Recording, RefusesMapsTooDeepInsideEachOther) {
  Setting s;
  auto folder = s.connect();
  auto children = [](auto file, auto body) { return file.children().files().map(body); };
  auto name = [](auto file) { return file.name().name(); };
  EXPECT_MENTIONS(refusalOf(folder,
                      [&](auto a) {
                        return children(a, [&](auto b) {
                          return children(b, [&](auto c) {
                            return children(c, [&](auto d) { return children(d, name); });
                          });
                        });
                      }),
      "too many maps inside each other");
}

TEST(Recording, LeavesACallOfABodyThatWasRefusedUnmade) {
  Setting s;
  auto folder = s.connect();
  EXPECT_NE(refusalOf(folder,
                [&](auto file) {
                  auto size = file.size();
                  auto sum = folder.add(1, size.bytes());
                  size.bytes().wait(s);
                  return sum.sum();
                }),
      "");
  s.settle();
  EXPECT_EQ(s.counts.calls, 0);
  EXPECT_EQ(folder.add(1, 1).sum().wait(s), 2);
}

TEST(Recording, LetsNothingOutOfTheBody) {
  Setting s;
  auto folder = s.connect();
  kj::Maybe<Promise<int64_t>> number;
  kj::Maybe<Ref<folder::File>> file;
  auto mapped = folder.list(2).entries().map([&](auto entry) {
    number = entry.size();
    file = entry.file();
    return entry.name();
  });
  EXPECT_ANY_THROW((void)folder.add(KJ_ASSERT_NONNULL(number), 1));
  EXPECT_ANY_THROW((void)folder.measure(KJ_ASSERT_NONNULL(file)));
  EXPECT_ANY_THROW((void)KJ_ASSERT_NONNULL(file).size());
  EXPECT_MENTIONS(failureOf(kj::mv(KJ_ASSERT_NONNULL(number)), s), "only recorded");
  EXPECT_EQ(mapped.wait(s).size(), 2u);
}

}  // namespace
}  // namespace troth

#include <array>
#include <list>

#include "testing.h"

namespace troth {
namespace {

std::string textOf(Promise<lab::Node::TextsResults> texts, kj::WaitScope& waitScope) {
  return texts.text().wait(waitScope).cStr();
}

TEST(Arg, TextIsWhateverHoldsCharacters) {
  TwoVats vats;
  auto root = vats.connect();
  kj::ArrayPtr<const kj::byte> none;
  std::string string = "string";
  std::string_view part = std::string_view("a part of it").substr(2, 4);
  EXPECT_EQ(textOf(root.texts("literal", none), vats), "literal");
  EXPECT_EQ(textOf(root.texts(string, none), vats), "string");
  EXPECT_EQ(textOf(root.texts(std::string("temporary"), none), vats), "temporary");
  EXPECT_EQ(textOf(root.texts(part, none), vats), "part");
  EXPECT_EQ(textOf(root.texts(kj::StringPtr("kj"), none), vats), "kj");
  EXPECT_EQ(textOf(root.texts(kj::str("kj ", 1), none), vats), "kj 1");
  EXPECT_EQ(textOf(root.texts(capnp::Text::Reader("reader"), none), vats), "reader");
  EXPECT_EQ(textOf(root.texts("", none), vats), "");
  auto zero = root.texts(std::string("a\0b", 3), none).text().wait(vats);
  EXPECT_EQ(std::string(zero.begin(), zero.end()), std::string("a\0b", 3));
}

TEST(Arg, ATextOfOnesMayBeAnAnswersText) {
  TwoVats vats;
  auto root = vats.connect();
  auto label = root.label().wait(vats);
  EXPECT_EQ(kj::str(root.make(label.getLabel()).node().label().label().wait(vats)), "root");
}

TEST(Arg, DataIsWhateverHoldsBytes) {
  TwoVats vats;
  auto root = vats.connect();
  auto size = [&](Promise<lab::Node::AbsorbResults> absorbed) {
    return absorbed.size().wait(vats);
  };
  std::vector<std::byte> vector(3);
  std::array<kj::byte, 4> array{};
  EXPECT_EQ(size(root.absorb(std::span<const std::byte>(vector))), 3u);
  EXPECT_EQ(size(root.absorb(std::span<const kj::byte>(array))), 4u);
  EXPECT_EQ(size(root.absorb(kj::heapArray<kj::byte>(5))), 5u);
  EXPECT_EQ(size(root.absorb(kj::StringPtr("sixsix").asBytes())), 6u);
  auto blob = root.blob(7).wait(vats);
  EXPECT_EQ(size(root.absorb(blob.getData())), 7u);
  auto back = root.texts("", kj::StringPtr("bytes").asBytes()).data().wait(vats);
  EXPECT_EQ(kj::heapString(back.asChars()), "bytes");
}

TEST(Arg, AnObjectIsARefAClientAServerOrAPromise) {
  TwoVats vats;
  auto root = vats.connect();
  auto label = [&](Promise<lab::Node::SameResults> same) {
    return std::string(same.node().label().label().wait(vats).cStr());
  };
  EXPECT_EQ(label(root.same(root)), "root");
  EXPECT_EQ(label(root.same(lab::Node::Client(root))), "root");
  EXPECT_EQ(label(root.same(kj::heap<NodeServer>(vats.lab, "owned"))), "owned");
  EXPECT_EQ(label(root.same(root.make("promised").node())), "promised");
  EXPECT_EQ(label(root.same(kj::Promise<Ref<lab::Node>>(root))), "root");
  EXPECT_EQ(label(root.same(kj::Promise<lab::Node::Client>(lab::Node::Client(root)))), "root");
  Ref<lab::Special> special = kj::heap<SpecialServer>(vats.lab);
  EXPECT_EQ(label(root.same(special)), "special");
}

TEST(Arg, NoObjectIsNull) {
  TwoVats vats;
  auto root = vats.connect();
  root.keep(root).wait(vats);
  root.keep(nullptr).wait(vats);
  auto label = root.same(nullptr).node().label();
  EXPECT_EQ(failureOf(kj::mv(label), vats).getType(), kj::Exception::Type::FAILED);
}

TEST(Arg, AStructIsAReaderOrAFunction) {
  TwoVats vats;
  auto root = vats.connect();
  auto sample = root.sample([&](lab::Sample::Builder sample) {
    sample.setNumber(3);
    sample.setShade(lab::Shade::DARK);
    sample.setText("text");
    sample.initInner().setNode(root.make("inner").node());
  });
  auto response = sample.wait(vats);
  auto again = root.sample(response.getSample()).sample().wait(vats);
  EXPECT_EQ(again.getNumber(), 3);
  EXPECT_EQ(again.getShade(), lab::Shade::DARK);
  EXPECT_EQ(kj::str(again.getText()), "text");
  Ref<lab::Node> inner = again.getInner().getNode();
  EXPECT_EQ(kj::str(inner.label().label().wait(vats)), "inner");
}

TEST(Arg, ListsComeFromBracesRangesReadersAndFunctions) {
  TwoVats vats;
  auto root = vats.connect();
  std::vector<int> numbers = {1, 2, 3};
  std::list<std::string> texts = {"one", "three"};
  std::vector<std::vector<int>> matrix = {{1}, {}, {2, 3}};
  auto braces = root.lists({1, 2, 3}, {"one", "three"},
      {[](lab::Inner::Builder inner) { inner.setNumber(4); }}, {lab::Shade::DARK}, {{5}, {6, 7}},
      {kj::StringPtr("x").asBytes()});
  EXPECT_EQ(braces.sum().wait(vats), 6 + 8 + 4 + 1 + 18 + 1);
  auto ranges = root.lists(numbers, texts, ofSize(2, [](auto inners) { inners[1].setNumber(9); }),
      std::array{lab::Shade::DARK, lab::Shade::LIGHT}, matrix,
      ofSize(1, [](auto blobs) { blobs.init(0, 2); }));
  EXPECT_EQ(ranges.sum().wait(vats), 6 + 8 + 9 + 1 + 6 + 2);
  auto fields = root.fields().wait(vats);
  auto readers = root.lists(fields.getNumbers(), fields.getTexts(), fields.getInners(), {}, {}, {});
  EXPECT_EQ(readers.sum().wait(vats), 6 + 6 + 11);
}

TEST(Arg, ListsOfObjects) {
  TwoVats vats;
  auto root = vats.connect();
  std::vector<Ref<lab::Node>> nodes = {root, root.make("made").node()};
  auto labels = [&](Promise<lab::Node::GatherResults> gathered) {
    std::vector<std::string> result;
    for (auto label: gathered.labels().wait(vats)) result.push_back(label.cStr());
    return result;
  };
  EXPECT_EQ(labels(root.gather(nodes)), (std::vector<std::string>{"root", "made"}));
  EXPECT_EQ(labels(root.gather({root, nodes[1], kj::heap<NodeServer>(vats.lab, "owned")})),
      (std::vector<std::string>{"root", "made", "owned"}));
  EXPECT_EQ(labels(root.gather({})), std::vector<std::string>{});
}

TEST(Arg, AnyPointerTakesReadersAndRefs) {
  TwoVats vats;
  auto root = vats.connect();
  auto text = root.any(capnp::Text::Reader("text")).wait(vats);
  EXPECT_EQ(kj::str(text.getValue().getAs<capnp::Text>()), "text");
  auto fields = root.fields().wait(vats);
  auto structure = root.any(fields).wait(vats);
  EXPECT_EQ(structure.getValue().getAs<lab::Sample>().getNumber(), -5);
  auto list = root.any(fields.getNumbers()).wait(vats);
  EXPECT_EQ(list.getValue().getAs<capnp::List<int32_t>>()[2], 3);
  auto object = root.any(root.make("any").node()).wait(vats);
  Ref<lab::Node> node = object.getValue().getAs<lab::Node>();
  EXPECT_EQ(kj::str(node.label().label().wait(vats)), "any");
}

TEST(Arg, ArgumentsNeedNotOutliveTheCall) {
  TwoVats vats;
  auto root = vats.connect();
  auto made = kj::heap<std::string>(1000, 'x');
  auto label = root.make(*made).node().label().label();
  made = nullptr;
  EXPECT_EQ(label.wait(vats).size(), 1000u);
}

}  // namespace
}  // namespace troth

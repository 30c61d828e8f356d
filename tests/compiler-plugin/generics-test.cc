// Uses stubs of generic structs and interfaces, with parameters bound to texts, structs and
// interfaces.

#include <gtest/gtest.h>

#include <deque>

#include "generics.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

using capnp::Text;
using generics::Box;
using generics::Shop;
using generics::Source;
using generics::Stack;
using generics::WordStack;

using Words = std::deque<std::string>;

class CursorServer final: public Server<Stack<Text>::Cursor> {
public:
  explicit CursorServer(Words words): words(words) {}

  kj::Promise<void> skip(Skip call) override {
    words.erase(words.begin(), words.begin() + call.count());
    return kj::READY_NOW;
  }
  kj::Promise<void> next(Next call) override {
    auto word = words.front();
    words.pop_front();
    return call.fulfill(word, words.empty());
  }

private:
  Words words;
};

class WordStackServer final: public Server<WordStack> {
public:
  kj::Promise<void> next(Next call) override {
    auto word = words.front();
    words.pop_front();
    return call.fulfill(word, words.empty());
  }
  kj::Promise<void> push(Push call) override {
    words.push_front(call.value().cStr());
    return call.fulfill();
  }
  kj::Promise<void> pushAll(PushAll call) override {
    for (auto box: call.values()) words.push_front(box.getValue().cStr());
    return call.fulfill(words.size());
  }
  kj::Promise<void> swap(Swap call) override {
    auto old = words.front();
    words.front() = call.value().cStr();
    return call.fulfill([&](auto pair) { pair.setSecond(old + call.label().cStr()); });
  }
  kj::Promise<void> walk(Walk call) override { return call.fulfill(kj::heap<CursorServer>(words)); }
  kj::Promise<void> count(Count call) override { return call.fulfill(words.size()); }

private:
  Words words;
};

class ShopServer final: public Server<Shop> {
public:
  kj::Promise<void> words(Words call) override { return call.fulfill(kj::heap<WordStackServer>()); }
  kj::Promise<void> boxes(Boxes call) override {
    return call.fulfill(
        [&](auto box) {
          box.setValue(thisCap().castAs<Shop>());
          box.setLabel(call.boxes()[0].getValue());
        },
        [&](auto lid) {
          lid.setBelow(call.boxes()[1].getValue());
          lid.setIsOpen(true);
        });
  }
  kj::Promise<void> exchange(Exchange call) override {
    return call.fulfill(call.given(), [&](auto box) { box.getValue().set(call.given()); });
  }
};

class Generics: public testing::Test, public InOneLoop {
public:
  ~Generics() noexcept override = default;

protected:
  Ref<WordStack> stack = kj::heap<WordStackServer>();
  Ref<Shop> shop = kj::heap<ShopServer>();
};

TEST_F(Generics, BindTheirParametersInDerivedInterfaces) {
  stack.push("a").detach([](kj::Exception&&) { FAIL(); });
  EXPECT_EQ(stack.count().words().wait(waitScope), 1u);
  auto next = stack.next();
  EXPECT_EQ(next.value().wait(waitScope), "a"_kj);
  EXPECT_TRUE(next.isLast().wait(waitScope));
}

TEST_F(Generics, ConvertToTheirBases) {
  Ref<Stack<Text>> words = stack;
  words.push("b").wait(waitScope);
  Ref<Source<Text>> source = words;
  EXPECT_EQ(source.next().value().wait(waitScope), "b"_kj);
}

TEST_F(Generics, CallMethodsThatAGenericBaseDeclares) {
  Ref<Stack<Text>> words = stack;
  words.push("c").wait(waitScope);
  EXPECT_EQ(words.next().value().wait(waitScope), "c"_kj);
}

TEST_F(Generics, PassListsOfGenericStructs) {
  Ref<Stack<Text>> words = stack;
  auto fill = [](Box<Text>::Builder box) { box.setValue("boxed"); };
  EXPECT_EQ(words.pushAll({fill, fill}).size().wait(waitScope), 2u);
}

TEST_F(Generics, PassNamedStructsThatDependOnTheirParameters) {
  Ref<Stack<Text>> words = stack;
  words.push("d").wait(waitScope);
  auto pair = words.swap([](auto box) {
    box.setValue("e");
    box.setLabel("!");
  });
  EXPECT_EQ(pair.second().wait(waitScope), "d!"_kj);
  EXPECT_TRUE(contains(failureOf(pair.first()), "first"));
  EXPECT_TRUE(contains(failureOf(pair.neither()), "neither"));
  EXPECT_EQ(stack.next().value().wait(waitScope), "e"_kj);
}

TEST_F(Generics, NestInterfacesThatUseTheirParameters) {
  Ref<Stack<Text>> words = shop.words().stack();
  for (auto word: {"x", "y", "z"}) words.push(word).wait(waitScope);
  Ref<Stack<Text>::Cursor> cursor = words.walk().cursor();
  cursor.skip(1).wait(waitScope);
  cursor.skip([](auto params) { params.setCount(1); }).wait(waitScope);
  EXPECT_EQ(cursor.next().value().wait(waitScope), "x"_kj);
  Ref<Source<Text>> source = cursor;
  EXPECT_FALSE(failureOf(castRef<Source<Text>>(shop).next()).empty());
}

TEST_F(Generics, NestStructsThatUseTheirParameters) {
  auto first = [](Box<Text>::Builder box) { box.setValue("first"); };
  auto second = [](Box<Text>::Builder box) { box.setValue("second"); };
  auto results = shop.boxes({first, second});
  EXPECT_EQ(results.box().label().wait(waitScope), "first"_kj);
  EXPECT_EQ(results.lid().below().wait(waitScope), "second"_kj);
  EXPECT_TRUE(results.lid().isOpen().wait(waitScope));
}

TEST_F(Generics, GiveARefWhereAParameterIsAnInterface) {
  auto box = [](Box<Text>::Builder box) { box.setValue("v"); };
  Ref<Shop> same = shop.boxes({box, box}).box().value();
  EXPECT_EQ(same.boxes({box, box}).box().label().wait(waitScope), "v"_kj);
  Ref<Shop> below = shop.boxes({box, box}).box().lid().below();
  EXPECT_FALSE(failureOf(below.words()).empty()) << "a null ref";
}

TEST_F(Generics, BindParametersOfMethodsToAnyPointer) {
  capnp::MallocMessageBuilder message;
  auto given = message.getRoot<capnp::AnyPointer>();
  given.setAs<Text>("given");
  auto results = shop.exchange(given.asReader());
  EXPECT_EQ(results.taken().wait(waitScope).getAs<Text>(), "given"_kj);
  EXPECT_EQ(results.box().value().wait(waitScope).getAs<Text>(), "given"_kj);
}

}  // namespace

// Every template of the file, instantiated once: an error in a template shows only then.
namespace bound {

using BoxOfWords = generics::Box<capnp::Text>;
using BoxOfObjects = generics::Box<generics::Shop>;
using BoxOfLists = generics::Box<capnp::List<capnp::List<uint8_t>>>;
using Lid = BoxOfObjects::Lid;
using Pair = generics::Pair<generics::Shop, BoxOfWords>;
using Stack = generics::Stack<BoxOfWords>;
using Cursor = generics::Stack<generics::Shop>::Cursor;
using Source = generics::Source<capnp::List<generics::Shop>>;

}  // namespace bound

template class _::StructPromise<capnp::typeId<bound::BoxOfWords>(), bound::BoxOfWords>;
template class _::StructPromise<capnp::typeId<bound::BoxOfObjects>(), bound::BoxOfObjects>;
template class _::StructPromise<capnp::typeId<bound::BoxOfLists>(), bound::BoxOfLists>;
template class _::StructPromise<capnp::typeId<bound::Lid>(), bound::Lid>;
template class _::StructPromise<capnp::typeId<bound::Pair>(), bound::Pair>;
template class _::InterfaceRef<capnp::typeId<bound::Stack>(), bound::Stack>;
template class _::InterfaceServer<capnp::typeId<bound::Stack>(), bound::Stack>;
template class _::InterfaceRef<capnp::typeId<bound::Cursor>(), bound::Cursor>;
template class _::InterfaceServer<capnp::typeId<bound::Cursor>(), bound::Cursor>;
template class _::InterfaceRef<capnp::typeId<bound::Source>(), bound::Source>;
template class _::InterfaceServer<capnp::typeId<bound::Source>(), bound::Source>;

}  // namespace troth

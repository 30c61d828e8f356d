// Uses the stub of a schema that has every construct: all types as parameters, results and fields.

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "all-types.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

using alltypes::Everything;
using alltypes::Fruit;
using alltypes::Sink;
using alltypes::Tester;

class SinkServer final: public Server<Sink> {
public:
  kj::Promise<void> write(Write call) override {
    bytes += call.chunk().size();
    KJ_REQUIRE(call.chunk().size() > 0, "an empty chunk");
    return kj::READY_NOW;
  }
  kj::Promise<void> end(End call) override { return call.fulfill(bytes); }

private:
  uint64_t bytes = 0;
};

// Answers with what it is given.
class TesterServer final: public Server<Tester> {
public:
  kj::Promise<void> greet(Greet call) override {
    return call.fulfill([&](auto greeting) { greeting.setWords(kj::str("Hello, ", call.whom())); });
  }
  kj::Promise<void> scalars(Scalars c) override {
    return c.fulfill(c.bool_(), c.int8(), c.int16(), c.int32(), c.int64(), c.uint8(), c.uint16(),
        c.uint32(), c.uint64(), c.float32(), c.float64(), c.fruit(), c.void_());
  }
  kj::Promise<void> blobs(Blobs call) override { return call.fulfill(call.text(), call.data()); }
  kj::Promise<void> lists(Lists call) override {
    return call.fulfill([&](auto lists) {
      lists.setTexts(call.texts());
      lists.setStructs(call.inners());
      lists.setInterfaces(call.sinks());
      lists.setNested(call.nested());
      lists.setFruits(call.fruits());
      lists.initInt64s(call.ints().size()).set(0, call.ints()[0]);
    });
  }
  kj::Promise<void> named(Named call) override { return call.fulfill(call.params()); }
  kj::Promise<void> inner(Inner call) override {
    return call.fulfill(call.inner(), [&](auto all) { all.setStruct(alltypes::ORIGIN); });
  }
  kj::Promise<void> any(Any call) override {
    return call.fulfill(call.pointer(), call.struct_(), call.list(), call.cap());
  }
  kj::Promise<void> defaults(Defaults call) override {
    return call.fulfill(kj::str(call.required(), ' ', call.bool_(), ' ', call.int8(), ' ',
        call.int64(), ' ', call.uint64(), ' ', call.float32(), ' ', call.float64(), ' ',
        std::isnan(call.nan()), ' ', int64_t(call.whole()), ' ', call.fruit(), ' ', call.text()));
  }
  kj::Promise<void> lateDefault(LateDefault call) override {
    int64_t sum = call.number();
    for (auto i: call.list()) sum += i;
    return call.fulfill(sum);
  }
  kj::Promise<void> sink(Sink call) override { return call.fulfill(kj::heap<SinkServer>()); }
  kj::Promise<void> generic(Generic call) override { return call.fulfill(call.x()); }
  kj::Promise<void> implicit(Implicit call) override {
    return call.fulfill([](auto greeting) { greeting.setWords("implicitly"); });
  }
  kj::Promise<void> nothing(Nothing call) override { return call.fulfill(); }
};

class Stub: public testing::Test, public InOneLoop {
public:
  ~Stub() noexcept override = default;

protected:
  Ref<Tester> tester = kj::heap<TesterServer>();
};

TEST_F(Stub, PassesScalarsBothWays) {
  auto results =
      tester.scalars(true, -8, -16, -32, -64, 8, 16, 32, 64, 1.5f, 2.25, Fruit::PLUM, {});
  auto int64 = results.int64();
  auto fruit = results.fruit();
  auto response = results.wait(waitScope);
  EXPECT_TRUE(response.getBool());
  EXPECT_EQ(response.getInt8(), -8);
  EXPECT_EQ(response.getInt16(), -16);
  EXPECT_EQ(response.getInt32(), -32);
  EXPECT_EQ(response.getUint8(), 8);
  EXPECT_EQ(response.getUint16(), 16);
  EXPECT_EQ(response.getUint32(), 32u);
  EXPECT_EQ(response.getUint64(), 64u);
  EXPECT_EQ(response.getFloat32(), 1.5f);
  EXPECT_EQ(response.getFloat64(), 2.25);
  EXPECT_EQ(int64.wait(waitScope), -64);
  EXPECT_EQ(fruit.wait(waitScope), Fruit::PLUM);
}

TEST_F(Stub, GivesEachScalarAsAPromise) {
  auto results = tester.scalars(true, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Fruit::APPLE, capnp::VOID);
  EXPECT_TRUE(results.bool_().wait(waitScope));
  EXPECT_EQ(results.int8().wait(waitScope), 1);
  EXPECT_EQ(results.uint64().wait(waitScope), 8u);
  EXPECT_EQ(results.float32().wait(waitScope), 9);
  results.void_().wait(waitScope);
}

TEST_F(Stub, PassesTextAndData) {
  kj::byte bytes[] = {1, 2, 3};
  auto results = tester.blobs(std::string("text"), kj::arrayPtr(bytes, 3));
  EXPECT_EQ(results.text().wait(waitScope), "text"_kj);
  EXPECT_EQ(results.data().wait(waitScope)[2], 3);
}

TEST_F(Stub, FillsABuilderWhereAFunctionIsGiven) {
  auto results = tester.blobs([](auto params) { params.setText("filled"); });
  EXPECT_EQ(results.text().wait(waitScope), "filled"_kj);
}

TEST_F(Stub, PassesListsOfEverything) {
  Ref<Sink> sink = kj::heap<SinkServer>();
  std::array<std::string, 2> words{"one", "two"};
  auto lists = tester
                   .lists({7, 8}, words, {[](auto inner) { inner.setValue(5); }}, {sink},
                       {{1}, {2, 3}}, {Fruit::PEAR})
                   .lists();
  EXPECT_EQ(lists.int64s().wait(waitScope)[0], 7);
  EXPECT_EQ(lists.texts().wait(waitScope)[1], "two"_kj);
  EXPECT_EQ(lists.structs().wait(waitScope)[0].getValue(), 5);
  EXPECT_EQ(lists.nested().wait(waitScope)[1][1], 3);
  EXPECT_EQ(lists.fruits().wait(waitScope)[0], Fruit::PEAR);
  Ref<Sink> returned(lists.interfaces().wait(waitScope)[0]);
  EXPECT_EQ(returned.end().bytes().wait(waitScope), 0u);
}

TEST_F(Stub, TakesANamedStructAsParametersAndGivesOneAsResults) {
  auto results = tester.named([](auto everything) {
    everything.setInt32(3);
    everything.initStruct().setText("inside");
    everything.getGroup().setNumber(4);
    everything.getGroup().getDeep().setWord("deep");
    everything.getChoice().initPair().setB(9);
  });
  EXPECT_EQ(results.int32().wait(waitScope), 3);
  EXPECT_EQ(results.float64().wait(waitScope), 2.5) << "the default value of the schema";
  EXPECT_EQ(results.struct_().text().wait(waitScope), "inside"_kj);
  EXPECT_EQ(results.group().number().wait(waitScope), 4u);
  EXPECT_EQ(results.group().deep().word().wait(waitScope), "deep"_kj);
  EXPECT_EQ(results.choice().pair().b().wait(waitScope), 9);
}

TEST_F(Stub, ReadsFieldsOfStructsThatAreNotThere) {
  auto results = tester.named([](auto) {});
  EXPECT_EQ(results.struct_().struct_().text().wait(waitScope), "none"_kj);
  EXPECT_EQ(results.lists().nested().wait(waitScope).size(), 0u);
}

TEST_F(Stub, BreaksThePromiseOfAMemberThatIsNotSet) {
  auto choice = tester.named([](auto everything) { everything.getChoice().setLeft("l"); }).choice();
  EXPECT_EQ(choice.left().wait(waitScope), "l"_kj);
  EXPECT_TRUE(contains(failureOf(choice.right()), "right"));
  EXPECT_TRUE(contains(failureOf(choice.right().value()), "right"));
  EXPECT_TRUE(contains(failureOf(choice.pair().a()), "pair"));
  EXPECT_TRUE(contains(failureOf(choice.middle()), "middle"));
}

TEST_F(Stub, PassesStructsAsReadersAndByFunctions) {
  auto results = tester.inner([](Everything::Inner::Builder inner) { inner.setValue(1); });
  EXPECT_EQ(results.inner().value().wait(waitScope), 1);
  EXPECT_EQ(results.everything().struct_().int32().wait(waitScope), 7);
  auto inner = results.inner().wait(waitScope);
  EXPECT_EQ(tester.inner(inner).inner().value().wait(waitScope), 1);
}

TEST_F(Stub, PassesPointersOfAnyKind) {
  Ref<Sink> sink = kj::heap<SinkServer>();
  auto given = tester.named([](auto all) { all.setInt32(5); }).wait(waitScope);
  auto lists = tester.lists({1}, {}, {}, {}, {{4, 5}}, {}).lists().nested().wait(waitScope);
  capnp::MallocMessageBuilder message;
  auto slot = message.getRoot<capnp::AnyPointer>();
  slot.setAs<capnp::List<int32_t>>(lists[0]);
  auto results = tester.any(static_cast<Everything::Reader>(given), capnp::AnyStruct::Reader(given),
      slot.asReader().getAs<capnp::AnyList>(), sink);
  EXPECT_EQ(results.pointer().wait(waitScope).getAs<Everything>().getInt32(), 5);
  EXPECT_EQ(results.struct_().wait(waitScope).as<Everything>().getInt32(), 5);
  EXPECT_EQ(results.list().wait(waitScope).as<capnp::List<int32_t>>()[1], 5);
  EXPECT_EQ(castRef<Sink>(results.cap()).end().bytes().wait(waitScope), 0u);
}

TEST_F(Stub, GivesArgumentsTheDefaultsOfTheSchema) {
  EXPECT_EQ(tester.defaults(1).summary().wait(waitScope),
      "1 true -128 -9223372036854775808 18446744073709551615 1e20 -inf true 123456789012345680 "
      "plum a \"quote\"\n\\"_kj);
  EXPECT_EQ(tester.lateDefault({1, 2, 3}).sum().wait(waitScope), 11);
  EXPECT_EQ(tester.lateDefault({1, 2, 3}, 1).sum().wait(waitScope), 7);
}

TEST_F(Stub, StreamsAndThenAsksForTheTotal) {
  auto sink = tester.sink().sink();
  kj::byte chunk[100] = {};
  sink.write(kj::arrayPtr(chunk, 100)).wait(waitScope);
  sink.write([&](auto params) { params.setChunk(kj::arrayPtr(chunk, 20)); }).wait(waitScope);
  EXPECT_EQ(sink.end().bytes().wait(waitScope), 120u);
}

TEST_F(Stub, FailsTheCallsAfterAStreamingCallThatFailed) {
  auto sink = tester.sink().sink();
  auto first = sink.write(kj::ArrayPtr<const kj::byte>(nullptr));
  auto end = sink.end();
  EXPECT_TRUE(contains(failureOf(kj::mv(end)), "an empty chunk"));
}

TEST_F(Stub, BindsParametersOfGenericMethodsToAnyPointer) {
  auto greeting = tester.implicit().wait(waitScope);
  auto y = tester.generic(static_cast<imported::Greeting::Reader>(greeting)).y();
  EXPECT_EQ(y.wait(waitScope).getAs<imported::Greeting>().getWords(), "implicitly"_kj);
}

TEST_F(Stub, CallsMethodsOfAnImportedBase) {
  EXPECT_EQ(tester.greet("you").greeting().words().wait(waitScope), "Hello, you"_kj);
  Ref<imported::Base> base = tester;
  EXPECT_EQ(base.greet("me").greeting().words().wait(waitScope), "Hello, me"_kj);
}

TEST_F(Stub, HasAPromiseForResultsWithoutFields) { tester.nothing().wait(waitScope); }

TEST_F(Stub, BreaksCallsOfMethodsThatAreNotOverridden) {
  class Bare final: public Server<Tester> {};
  Ref<Tester> bare = kj::heap<Bare>();
  auto message = failureOf(bare.nothing());
  EXPECT_TRUE(contains(message, "Tester")) << message;
  EXPECT_TRUE(contains(message, "nothing")) << message;
  EXPECT_TRUE(contains(failureOf(castRef<Sink>(tester).end()), "Sink"));
}

// A server of an interface of which a base has no stub: it implements the base the stock way.
class SavedServer final: public Server<alltypes::Saved> {
public:
  kj::Promise<void> implicit(Implicit call) override {
    return call.fulfill([](auto greeting) { greeting.setWords("saved"); });
  }
  kj::Promise<void> save(SaveContext context) override {
    context.getResults().setSturdyRef("a ref");
    return kj::READY_NOW;
  }
};

TEST_F(Stub, ServesABaseWithoutAStubTheStockWay) {
  Ref<alltypes::Saved> saved = kj::heap<SavedServer>();
  EXPECT_EQ(saved.implicit().words().wait(waitScope), "saved"_kj);
  auto results = saved.save_([](auto) {}).wait(waitScope);
  EXPECT_EQ(results.getSturdyRef(), "a ref"_kj);
}

}  // namespace
}  // namespace troth

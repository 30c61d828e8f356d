// Promised values as arguments of generic and of inherited methods, from the fields of generic
// structs, behind AnyPointer, with default values and in groups.

#include <troth/object.capnp.h>

#include "depot.troth.h"
#include "desk.h"

namespace troth {
namespace {

using capnp::AnyPointer;
using capnp::Text;
using depot::Crate;
using depot::Depot;
using depot::Shelf;
using depot::Spot;
using Numbers = capnp::List<int64_t>;
using Words = capnp::List<Text>;

// What a crate with `thing` in it looks like; another one, without a thing, is inside.
template <typename T>
void fillCrate(typename Crate<T>::Builder crate, auto thing, kj::StringPtr label) {
  crate.setThing(thing);
  crate.setLabel(label);
  crate.setSpare(thing);
  crate.getStamp().setPort(label);
  crate.initInner().setThing(thing);
}

template <typename T>
class ShelfServer: public virtual Server<Shelf<T>> {
  using Base = Server<Shelf<T>>;

public:
  kj::Promise<void> put(typename Base::Put call) override {
    auto params = call.params();
    auto results = call.results();
    results.setThing(params.getThing());
    fillCrate<T>(results.initCrate(), params.getThing(), params.getLabel());
    return kj::READY_NOW;
  }
  kj::Promise<void> pack(typename Base::Pack call) override {
    auto crate = call.params().getCrate();
    typename Crate<T>::Builder results = call.results();
    fillCrate<T>(results, crate.getThing(), kj::str(crate.getLabel(), crate.getLabel()));
    results.setWeight(crate.getWeight());
    return kj::READY_NOW;
  }
  kj::Promise<void> stack(typename Base::Stack call) override {
    auto crates = call.params().getCrates();
    call.results().setFirst(crates[0]);
    call.results().setCount(crates.size());
    return kj::READY_NOW;
  }
};

template <>
kj::Promise<void> ShelfServer<AnyPointer>::put(Server<Shelf<AnyPointer>>::Put call) {
  call.results().getThing().set(call.params().getThing());
  call.results().initCrate().getThing().set(call.params().getThing());
  return kj::READY_NOW;
}
template <>
kj::Promise<void> ShelfServer<AnyPointer>::pack(Server<Shelf<AnyPointer>>::Pack call) {
  call.results().getThing().set(call.params().getCrate().getThing());
  return kj::READY_NOW;
}

class DepotServer final: public Server<Depot>, public ShelfServer<Text> {
public:
  explicit DepotServer(kj::StringPtr called = "depot"): called(kj::str(called)) {}

  kj::Promise<void> name(Name call) override { return call.fulfill(called); }
  kj::Promise<void> rename(Rename call) override {
    called = kj::str(call.name());
    return call.fulfill(called);
  }
  kj::Promise<void> count(Count call) override {
    return call.fulfill(total += call.by(), call.note());
  }
  kj::Promise<void> weigh(Weigh call) override { call.fulfill(co_await call.of().count().total()); }
  kj::Promise<void> shelves(Shelves call) override {
    auto results = call.results();
    results.setTexts(Ref<Shelf<Text>>(kj::heap<ShelfServer<Text>>()));
    results.setSpots(Ref<Shelf<depot::Spot>>(kj::heap<ShelfServer<depot::Spot>>()));
    results.setDepots(Ref<Shelf<Depot>>(kj::heap<ShelfServer<Depot>>()));
    results.setNumbers(Ref<Shelf<Numbers>>(kj::heap<ShelfServer<Numbers>>()));
    results.setWords(Ref<Shelf<Words>>(kj::heap<ShelfServer<Words>>()));
    results.setAnything(Ref<Shelf<AnyPointer>>(kj::heap<ShelfServer<AnyPointer>>()));
    return kj::READY_NOW;
  }
  kj::Promise<void> same(Same call) override {
    call.results().getThing().set(call.params().getThing());
    return kj::READY_NOW;
  }
  kj::Promise<void> swap(Swap call) override {
    call.results().getA().set(call.params().getB());
    call.results().getB().set(call.params().getA());
    call.results().initCrate().getThing().set(call.params().getA());
    return kj::READY_NOW;
  }
  kj::Promise<void> spot(Server<Depot>::Spot call) override {
    call.results().setSpot(call.params().getSpot());
    auto spot = call.results().getSpot();
    spot.setX(spot.getX() + call.params().getAt());
    return kj::READY_NOW;
  }
  kj::Promise<void> list(List call) override {
    call.results().setNumbers(call.params().getNumbers());
    call.results().setWords(call.params().getWords());
    call.results().setData(call.params().getData());
    return kj::READY_NOW;
  }

private:
  kj::String called;
  int64_t total = 0;
};

// Makes every call on another server without Object: what a stock server gives.
class StockOf final: public capnp::Capability::Server {
public:
  explicit StockOf(capnp::Capability::Client inner): inner(kj::mv(inner)) {}

  DispatchCallResult dispatchCall(uint64_t interfaceId, uint16_t methodId,
      capnp::CallContext<AnyPointer, AnyPointer> context) override {
    if (interfaceId == capnp::typeId<wire::Object>()) {
      return internalUnimplemented("StockOf", interfaceId);
    }
    auto request = inner.typelessRequest(interfaceId, methodId, nullptr, {});
    request.set(context.getParams());
    return {context.tailCall(kj::mv(request)), false, true};
  }

private:
  capnp::Capability::Client inner;
};

// A depot in another vat, of Troth's or stock.
class Holes: public testing::TestWithParam<Kind> {
public:
  ~Holes() noexcept override = default;

protected:
  Desks desks{nullptr};
  Ref<Depot> depot = connect();
  decltype(depot.shelves()) shelves = depot.shelves();

  Ref<Depot> connect() {
    auto server = kj::heap<Vat>(desks.options());
    Ref<Depot> main = kj::heap<DepotServer>();
    if (GetParam() == Kind::TROTH) {
      server->serve("", Depot::Client(main));
    } else {
      server->serve("", capnp::Capability::Client(kj::heap<StockOf>(Depot::Client(main))));
    }
    auto pipe = desks.loop.newTwoWayPipe();
    server->accept(kj::mv(pipe.ends[0]));
    desks.servers.add(kj::mv(server));
    return desks.client->connect<Depot>(kj::mv(pipe.ends[1]));
  }

  void expectOneRoundTrip() {
    if (GetParam() == Kind::TROTH) EXPECT_EQ(desks.roundTrips(), 1u);
  }
};

INSTANTIATE_TEST_SUITE_P(Of, Holes, testing::Values(Kind::TROTH, Kind::STOCK),
    [](auto& info) { return info.param == Kind::TROTH ? "Troth" : "Stock"; });

TEST_P(Holes, InGenericMethodsBoundToText) {
  auto texts = shelves.texts();
  auto first = texts.put(depot.name().name());
  auto second = texts.put(first.crate().inner().thing(), first.crate().label());
  auto third = texts.put(second.crate().spare(), second.crate().stamp().port());
  EXPECT_EQ(kj::str(third.thing().wait(desks)), "depot");
  EXPECT_EQ(kj::str(third.crate().label().wait(desks)), "put");
  expectOneRoundTrip();
}

TEST_P(Holes, InGenericMethodsBoundToAStruct) {
  auto spots = shelves.spots();
  auto spot = depot.spot([](Spot::Builder spot) { spot.setX(5); }, 1).spot();
  auto first = spots.put(spot);
  auto second = spots.put(first.crate().inner().thing(), first.crate().label());
  auto moved = depot.spot(second.crate().spare(), second.thing().x()).spot();
  EXPECT_EQ(moved.x().wait(desks), 12);
  expectOneRoundTrip();
}

TEST_P(Holes, InGenericMethodsBoundToLists) {
  auto list = depot.list({4, 5, 6}, {"x", "y"}, kj::StringPtr("d").asBytes());
  auto numbers = shelves.numbers().put(shelves.numbers().put(list.numbers()).thing());
  auto words = shelves.words().put(shelves.words().put(list.words()).crate().thing());
  auto both = depot.list(numbers.crate().spare(), words.thing(), list.data());
  EXPECT_EQ(both.numbers().at(2).wait(desks), 6);
  EXPECT_EQ(kj::str(both.words().at(1).wait(desks)), "y");
  EXPECT_EQ(kj::str(both.data().wait(desks).asChars()), "d");
  expectOneRoundTrip();
}

TEST_P(Holes, InGenericMethodsBoundToAnInterface) {
  auto put = shelves.depots().put(depot, depot.name().name());
  Ref<Depot> inside = put.crate().inner().thing();
  auto renamed = inside.rename(put.crate().label());
  EXPECT_EQ(kj::str(renamed.name().wait(desks)), "depot");
  auto again = shelves.depots().put(put.thing(), renamed.name());
  EXPECT_EQ(kj::str(again.crate().label().wait(desks)), "depot");
}

TEST_P(Holes, ForAWholeGenericStruct) {
  auto texts = shelves.texts();
  auto crate = texts.put("thing", "a").crate();
  auto packed = texts.pack(texts.pack(crate));
  auto inner = texts.pack(packed.inner());
  EXPECT_EQ(kj::str(packed.label().wait(desks)), "aaaa");
  EXPECT_EQ(kj::str(packed.spare().wait(desks)), "thing");
  EXPECT_EQ(kj::str(inner.label().wait(desks)), "unlabelledunlabelled");
  expectOneRoundTrip();
}

TEST_P(Holes, FromAMemberOfAGenericUnionThatIsNotSet) {
  auto texts = shelves.texts();
  auto crate = texts.put("thing").crate();
  auto failure = failureOf(texts.put(crate.inner().spare()), desks);
  EXPECT_MENTIONS(describe(failure), "spare is not the member that is set");
  EXPECT_MENTIONS(describe(failure), "while calling Shelf.put");
}

TEST_P(Holes, FromTheFirstElementOfAListOfGenericStructs) {
  auto texts = shelves.texts();
  auto fill = [](Crate<Text>::Builder crate) { crate.setThing("stacked"); };
  auto stacked = texts.stack({fill, fill});
  auto put = texts.put(stacked.first().thing(), stacked.first().label());
  EXPECT_EQ(kj::str(put.thing().wait(desks)), "stacked");
  EXPECT_EQ(stacked.count().wait(desks), 2u);
  expectOneRoundTrip();
}

TEST_P(Holes, InMethodsOfEveryBase) {
  auto renamed = depot.rename(depot.name().name());
  auto put = depot.put(renamed.name(), renamed.name());
  auto counted = depot.count(depot.count(3).total(), put.crate().label());
  EXPECT_EQ(counted.total().wait(desks), 6);
  EXPECT_EQ(kj::str(counted.note().wait(desks)), "depot");
  expectOneRoundTrip();
  EXPECT_EQ(depot.weigh(depot).total().wait(desks), 11);
}

TEST_P(Holes, InMethodsThatAreCalledByWayOfAnyBase) {
  Ref<depot::Weighed> weighed = depot;
  Ref<depot::Named> named = weighed;
  Ref<depot::Counted> counted = depot;
  Ref<Shelf<Text>> shelf = depot;
  auto renamed = named.rename(shelf.put(weighed.rename("new").name()).thing());
  auto put = shelf.put(renamed.name(), counted.count(1, renamed.name()).note());
  auto packed = shelf.pack(put.crate());
  EXPECT_EQ(kj::str(packed.label().wait(desks)), "newnew");
  EXPECT_EQ(kj::str(packed.thing().wait(desks)), "new");
  expectOneRoundTrip();
}

TEST_P(Holes, FromAndForAnyPointer) {
  auto same = depot.same(depot.same(Text::Reader("any")).thing());
  auto swapped = depot.swap(same.thing(), depot.same(Text::Reader("other")).thing());
  auto again = depot.swap(swapped.crate().thing(), swapped.a());
  EXPECT_EQ(kj::str(again.a().wait(desks).getAs<Text>()), "other");
  EXPECT_EQ(kj::str(again.b().wait(desks).getAs<Text>()), "any");
  EXPECT_EQ(kj::str(again.crate().thing().wait(desks).getAs<Text>()), "any");
  expectOneRoundTrip();
}

TEST_P(Holes, ForAnyPointerWithAnObjectInIt) {
  auto same = depot.same(depot.same(depot).thing());
  Ref<Depot> back = same.thing().wait(desks).getAs<Depot>();
  expectOneRoundTrip();
  EXPECT_EQ(kj::str(back.name().name().wait(desks)), "depot");
}

TEST_P(Holes, InAGenericInterfaceThatIsServedForAnyPointer) {
  auto texts = castRef<Shelf<Text>>(shelves.anything());
  auto spots = castRef<Shelf<Spot>>(shelves.anything());
  auto put = texts.put(depot.name().name());
  auto again = texts.put(put.thing());
  auto renamed = depot.rename(again.crate().thing());
  auto spot = spots.put(depot.spot([](Spot::Builder spot) { spot.setX(5); }, 1).spot()).thing();
  auto moved = depot.spot(spot, 1).spot();
  EXPECT_EQ(kj::str(renamed.name().wait(desks)), "depot");
  EXPECT_EQ(moved.x().wait(desks), 7);
}

TEST_P(Holes, TakeDefaultsOfWhatIsNotSet) {
  auto counted = depot.count();
  auto inner = shelves.texts().put("thing").crate().inner();
  auto crates = depot.put(inner.label(), inner.label());
  auto byYear = depot.count(counted.total(), counted.note());
  EXPECT_EQ(kj::str(crates.thing().wait(desks)), "unlabelled");
  EXPECT_EQ(byYear.total().wait(desks), 10);
  EXPECT_EQ(kj::str(byYear.note().wait(desks)), "five");
  auto empty = depot.list([](auto) {});
  auto listed = depot.list(empty.numbers(), empty.words(), empty.data());
  EXPECT_EQ(listed.numbers().at(1).wait(desks), 2);
  EXPECT_EQ(kj::str(listed.words().at(0).wait(desks)), "a");
  EXPECT_EQ(listed.data().wait(desks).size(), 2u);
}

TEST_P(Holes, TakeADefaultThatAnotherParameterLeaves) {
  auto by = depot.count(1).total();
  auto counted = depot.count(by);
  auto labelled = depot.put("thing", counted.note());
  EXPECT_EQ(kj::str(labelled.crate().label().wait(desks)), "five");
  expectOneRoundTrip();
}

TEST_P(Holes, FromFieldsOfAGroupInAGenericStruct) {
  auto crate = shelves.texts().put("thing", "port").crate();
  auto renamed = depot.rename(crate.stamp().port());
  EXPECT_EQ(kj::str(renamed.name().wait(desks)), "port");
  EXPECT_EQ(crate.stamp().year().wait(desks), 1999);
  EXPECT_EQ(crate.weight().wait(desks), 7);
  expectOneRoundTrip();
}

TEST_P(Holes, FromAGenericMethodOfAnotherVat) {
  auto other = connect();
  auto put = other.shelves().spots().put([](Spot::Builder spot) { spot.setX(5); }).crate();
  auto moved = depot.spot(shelves.spots().put(put.inner().thing()).thing(), 2).spot();
  auto labelled = depot.rename(put.label());
  auto any = depot.same(other.same(Text::Reader("far")).thing());
  EXPECT_EQ(moved.x().wait(desks), 7);
  EXPECT_EQ(kj::str(labelled.name().wait(desks)), "put");
  EXPECT_EQ(kj::str(any.thing().wait(desks).getAs<Text>()), "far");
}

}  // namespace
}  // namespace troth

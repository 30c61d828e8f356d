// Uses stubs of rare combinations: see schemas/corners.capnp.

#include <gtest/gtest.h>

#include "corners.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

using capnp::Text;

class LookerServer final: public Server<Outer<Text>::Looker> {
public:
  kj::Promise<void> look(Look call) override { return call.fulfill(kj::str("at ", call.at())); }
  kj::Promise<void> look_(Look_ call) override { return call.fulfill(call.color()); }
  kj::Promise<void> glance(Glance call) override { return call.fulfill(streamed); }
  kj::Promise<void> fill(Fill call) override {
    return call.fulfill([&](auto inner) {
      inner.setT(call.inner().getU());
      inner.setU(call.inner().getT());
    });
  }
  kj::Promise<void> stream(Stream call) override {
    streamed = kj::str(streamed, call.t());
    return kj::READY_NOW;
  }

private:
  kj::String streamed = kj::str("");
};

class BothServer final: public Server<Both> {
public:
  kj::Promise<void> pick(Pick call) override {
    return call.fulfill(kj::heap<LookerServer>(), nullptr);
  }
  kj::Promise<void> nothing(Nothing call) override { return call.fulfill(call.params()); }
  kj::Promise<void> plain_(Plain call) override {
    return call.fulfill(call.x(), call.list(), [](auto) {});
  }
  kj::Promise<void> get(Get call) override {
    return call.fulfill([](auto promise) { promise.setValue(11); });
  }
  kj::Promise<void> list(List call) override { return call.fulfill(call.any()); }
  kj::Promise<void> onlyAny(OnlyAny call) override {
    EXPECT_TRUE(call.any().isNull());
    return call.fulfill();
  }
  kj::Promise<void> tagged(Tagged call) override { return call.fulfill(call.params().getTagged()); }
};

class ServantServer final: public Server<Servant> {
public:
  kj::Promise<void> arg(Arg_ call) override {
    return call.fulfill([&](auto arg) { arg.initA().getB().setC(call.promise_().getValue()); });
  }
};

class Corners: public testing::Test, public InOneLoop {
public:
  ~Corners() noexcept override = default;

protected:
  Ref<Both> both = kj::heap<BothServer>();
};

TEST_F(Corners, TypesMayBeCalledLikeThoseOfTroth) {
  Ref<::Ref> ref = both;
  EXPECT_EQ(ref.get().promise().value().wait(waitScope), 11);
  Ref<Servant> servant = kj::heap<ServantServer>();
  auto arg = servant.arg(
      [](::Arg::Builder arg) { arg.setText("t"); }, [](auto promise) { promise.setValue(7); });
  EXPECT_EQ(arg.a().b().c().wait(waitScope), 7);
  EXPECT_TRUE(contains(failureOf(arg.a().b().d()), "d"));
  EXPECT_TRUE(contains(failureOf(arg.text()), "text"));
}

TEST_F(Corners, NestedGenericsKnowTheParametersAroundThem) {
  auto looker = both.pick().looker();
  EXPECT_EQ(looker.look_(Outer<>::Color::RED).color().wait(waitScope), Outer<>::Color::RED);
  EXPECT_EQ(looker.look_().color().wait(waitScope), Outer<>::Color::GREEN);
  EXPECT_EQ(looker.look("home").seen().wait(waitScope), "at home");
  auto inner = looker.fill([](auto inner) {
    inner.setT("t");
    inner.setU("u");
  });
  EXPECT_EQ(inner.t().wait(waitScope), "u");
  EXPECT_EQ(inner.u().wait(waitScope), "t");
  looker.stream([](auto inner) { inner.setT("s1"); }).wait(waitScope);
  looker.stream([](auto inner) { inner.setT("s2"); }).wait(waitScope);
  EXPECT_EQ(looker.glance().seen().wait(waitScope), "s1s2");
  Ref<Hidden<Text>> hidden = looker;
  EXPECT_EQ(hidden.look("there").seen().wait(waitScope), "at there");
}

TEST_F(Corners, GenericMethodsOfNestedGenericsAreCalledByWayOfADerivedOne) {
  auto results = both.plain_([](auto params) {
    params.getX().template setAs<Text>("x");
    params.initList(1)[0].setT("in a list");
  });
  EXPECT_EQ(results.x().wait(waitScope).getAs<Text>(), "x");
  EXPECT_EQ(results.list().wait(waitScope)[0].getT(), "in a list");
  results.nothing().wait(waitScope);
}

TEST_F(Corners, GroupsOfGenericsMayHoldObjects) {
  Ref<::Ref> ref = both;
  auto tagged = both.tagged([&](auto tagged) {
    tagged.setTag("tag");
    tagged.getGroup().initDeep().setValue(ref);
  });
  EXPECT_EQ(tagged.group().deep().value().get().promise().value().wait(waitScope), 11);
  EXPECT_EQ(tagged.tag().wait(waitScope), "tag");
  EXPECT_TRUE(contains(failureOf(tagged.group().values()), "values"));
}

TEST_F(Corners, OneArgumentOfAnyKindIsNotTakenForAFunction) {
  both.onlyAny(capnp::AnyPointer::Reader()).wait(waitScope);
  EXPECT_TRUE(both.list({"a", "b"}, capnp::AnyPointer::Reader()).any_().wait(waitScope).isNull());
  both.nothing([](auto) {}).wait(waitScope);
}

}  // namespace

namespace bound {

using capnp::Text;

using OfTexts = Outer<Text>::Inner<Text>;
using OfObjects = Outer<::Ref>::Inner<::Nothing>;
using TaggedObject = Tagged<::Ref>;
using TaggedGroup = Tagged<OfTexts>::Group;
using Looker = Outer<OfTexts>::Looker;
using Plain = Outer<::Ref>::Plain;
using Marked = Hidden<::Both>;

}  // namespace bound

template class _::StructPromise<capnp::typeId<bound::OfTexts>(), bound::OfTexts>;
template class _::StructPromise<capnp::typeId<bound::OfObjects>(), bound::OfObjects>;
template class _::StructPromise<capnp::typeId<bound::TaggedObject>(), bound::TaggedObject>;
template class _::StructPromise<capnp::typeId<bound::TaggedGroup>(), bound::TaggedGroup>;
template class _::InterfaceRef<capnp::typeId<bound::Looker>(), bound::Looker>;
template class _::InterfaceServer<capnp::typeId<bound::Looker>(), bound::Looker>;
template class _::InterfaceRef<capnp::typeId<bound::Plain>(), bound::Plain>;
template class _::InterfaceServer<capnp::typeId<bound::Plain>(), bound::Plain>;
template class _::InterfaceRef<capnp::typeId<bound::Marked>(), bound::Marked>;
template class _::InterfaceServer<capnp::typeId<bound::Marked>(), bound::Marked>;

}  // namespace troth

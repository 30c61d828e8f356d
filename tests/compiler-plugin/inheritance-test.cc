// Uses stubs of interfaces that extend others, with methods of the same name, and of unions.

#include <gtest/gtest.h>

#include "shapes.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

using shapes::Blob;
using shapes::Canvas;
using shapes::Circle;
using shapes::Color;
using shapes::Named;
using shapes::Painted;
using shapes::Shape;
using shapes::Square;
using shapes::Tile;

// Answers calls of everything that it inherits, some of it twice.
class BlobServer final: public Server<Blob> {
public:
  kj::Promise<void> area(Area call) override { return call.fulfill(1); }
  kj::Promise<void> name(Name call) override { return call.fulfill(called); }
  kj::Promise<void> rename(Rename call) override {
    called = call.name().cStr();
    return call.fulfill();
  }
  kj::Promise<void> radius(Radius call) override { return call.fulfill(2); }
  kj::Promise<void> side(Side call) override { return call.fulfill(length); }
  kj::Promise<void> rename_(Rename_ call) override {
    length = call.side();
    return call.fulfill();
  }

private:
  std::string called = "blob";
  double length = 3;
};

class TileServer final: public Server<Tile> {
public:
  kj::Promise<void> side(Server<Square>::Side call) override { return call.fulfill(4); }
  kj::Promise<void> side(Server<Painted>::Side call) override { return call.fulfill(Color::GREEN); }
};

class CanvasServer final: public Server<Canvas> {
public:
  kj::Promise<void> draw(Draw call) override {
    sum += call.point().getX();
    return kj::READY_NOW;
  }
  kj::Promise<void> wipe(Wipe call) override {
    sum *= call.speed();
    return kj::READY_NOW;
  }
  kj::Promise<void> finish(Finish call) override {
    return call.fulfill([&](auto drawing) { drawing.initPoints(1)[0].setX(sum); });
  }
  kj::Promise<void> replace(Replace call) override {
    EXPECT_TRUE(call.fill().isHatch());
    return call.fulfill([&](auto drawing) {
      drawing.setPoints(call.points());
      drawing.getFill().initHatch().setAngle(call.fill().getHatch().getAngle() + 1);
    });
  }
  kj::Promise<void> ink(Ink call) override { return call.fulfill(call.params()); }

private:
  float sum = 0;
};

template <typename T>
concept HasSide = requires(T ref) {
  ref.side();
};

class Inheritance: public testing::Test, public InOneLoop {
public:
  ~Inheritance() noexcept override = default;

protected:
  Ref<Blob> blob = kj::heap<BlobServer>();
};

TEST_F(Inheritance, GivesARefTheMethodsOfAllItsBases) {
  EXPECT_EQ(blob.area().area().wait(waitScope), 1);
  EXPECT_EQ(blob.name().name().wait(waitScope), "blob"_kj);
  EXPECT_EQ(blob.radius().radius().wait(waitScope), 2);
  EXPECT_EQ(blob.side().side().wait(waitScope), 3);
}

TEST_F(Inheritance, GivesAMethodAnUnderscoreWhoseNameABaseHas) {
  blob.rename("other").wait(waitScope);
  blob.rename_(5.5).wait(waitScope);
  EXPECT_EQ(blob.name().name().wait(waitScope), "other"_kj);
  EXPECT_EQ(blob.side().side().wait(waitScope), 5.5);
}

TEST_F(Inheritance, DispatchesCallsThatArriveByWayOfAnyBase) {
  Ref<Circle> circle = blob;
  Ref<Square> square = blob;
  Ref<Shape> shape = circle;
  Ref<Named> named = square;
  EXPECT_EQ(circle.radius().radius().wait(waitScope), 2);
  EXPECT_EQ(square.side().side().wait(waitScope), 3);
  EXPECT_EQ(shape.area().area().wait(waitScope), 1);
  EXPECT_EQ(named.name().name().wait(waitScope), "blob"_kj);
}

TEST_F(Inheritance, LeavesOutOfARefWhatTwoBasesHave) {
  static_assert(HasSide<Ref<Square>> && !HasSide<Ref<Tile>>);
  Ref<Tile> tile = kj::heap<TileServer>();
  EXPECT_EQ(Ref<Square>(tile).side().side().wait(waitScope), 4);
  EXPECT_EQ(castRef<Painted>(tile).side().color().wait(waitScope), Color::GREEN);
}

TEST_F(Inheritance, ServesStockClientsAndCallsStockServers) {
  Blob::Client client = blob;
  EXPECT_EQ(client.sideRequest().send().wait(waitScope).getSide(), 3);

  class Stock final: public Circle::Server {
    kj::Promise<void> radius(RadiusContext context) override {
      context.getResults().setRadius(8);
      return kj::READY_NOW;
    }
    kj::Promise<void> name(NameContext context) override {
      context.getResults().setName("stock");
      return kj::READY_NOW;
    }
  };
  Ref<Circle> circle = kj::heap<Stock>();
  EXPECT_EQ(circle.radius().radius().wait(waitScope), 8);
  EXPECT_EQ(circle.name().name().wait(waitScope), "stock"_kj);
}

TEST_F(Inheritance, StreamsStructs) {
  Ref<Canvas> canvas = kj::heap<CanvasServer>();
  canvas.draw([](auto point) { point.setX(1.5); }).wait(waitScope);
  canvas.draw([](auto point) { point.setX(2); }).wait(waitScope);
  canvas.wipe(2).wait(waitScope);
  EXPECT_EQ(canvas.finish().drawing().points().wait(waitScope)[0].getX(), 7);
}

TEST_F(Inheritance, PassesGroupsAndUnionsInNamedStructs) {
  Ref<Canvas> canvas = kj::heap<CanvasServer>();
  auto drawing = canvas.replace([](auto drawing) {
    drawing.initPoints(2);
    drawing.getFill().initHatch().setAngle(45);
  });
  EXPECT_EQ(drawing.fill().hatch().angle().wait(waitScope), 46);
  EXPECT_EQ(drawing.fill().hatch().line().x().wait(waitScope), 0);
  EXPECT_TRUE(contains(failureOf(drawing.fill().color()), "color"));
  EXPECT_FALSE(failureOf(drawing.fill().canvas().finish()).empty());
}

TEST_F(Inheritance, ReadsMembersOfAnUnnamedUnion) {
  Ref<Canvas> canvas = kj::heap<CanvasServer>();
  auto ink = canvas.ink([](auto ink) { ink.initMixture(1)[0].setColor(Color::RED); });
  EXPECT_EQ(ink.amount().wait(waitScope), 1.5);
  EXPECT_EQ(ink.mixture().wait(waitScope)[0].getColor(), Color::RED);
  EXPECT_TRUE(contains(failureOf(ink.color()), "color"));
  EXPECT_EQ(canvas.ink([](auto) {}).color().wait(waitScope), Color::BLUE);
}

}  // namespace
}  // namespace troth

// Sturdy refs of vats that have a store.

#include "desks.h"

namespace troth {
namespace {

class SturdyRefOfAVatWithAStore: public DurableTest {
public:
  ~SturdyRefOfAVatWithAStore() noexcept override = default;

  kj::String savedDrawer(kj::StringPtr name) {
    return wait(desk().open(name).drawer().save()).toText();
  }
  kj::String nameBehind(kj::StringPtr text) {
    return kj::str(wait(client->restore<Drawer>(text).name().name()));
  }
};

TEST_F(SturdyRefOfAVatWithAStore, IsGoodAfterARestart) {
  auto saved = savedDrawer("socks");
  restart();
  EXPECT_EQ("socks", nameBehind(saved));
}

TEST_F(SturdyRefOfAVatWithAStore, IsGoodInEveryVatWithThatStore) {
  auto saved = SturdyRef::parse(savedDrawer("socks"));
  auto socket = folder.file("second.sock");
  Office second(loop, scene, newStore(), socket, durable);
  saved.host = kj::str("unix:", socket);
  EXPECT_EQ("socks", nameBehind(saved.toText()));
}

TEST_F(SturdyRefOfAVatWithAStore, StaysRevokedAfterARestart) {
  auto saved = savedDrawer("socks");
  wait(office->vat->revoke("Drawer", "socks"));
  restart();
  EXPECT_NE("",
      failureOf(loop.waitScope(), [&]() { return client->restore<Drawer>(saved).name().name(); }));
  EXPECT_EQ("socks", nameBehind(savedDrawer("socks")));
}

TEST_F(SturdyRefOfAVatWithAStore, IsNotRevokedByADurableCall) {
  auto saved = savedDrawer("socks");
  auto text = failureOf(loop.waitScope(),
      [&]() { return desk().work("x").durable("troth:revoked/Drawer/socks/0").text(); });
  EXPECT_NE(std::string::npos, text.find("do not begin with")) << text;
  EXPECT_EQ("socks", nameBehind(saved));
}

}  // namespace
}  // namespace troth

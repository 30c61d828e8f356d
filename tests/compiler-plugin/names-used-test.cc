// Uses a stub whose names are those of C++, KJ and Troth: each collision has got an underscore.

#include <gtest/gtest.h>

#include "names.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

using names::Awkward;
using names::Renamed;

class AwkwardServer: public virtual Server<Awkward> {
public:
  kj::Promise<void> call(Call_ call) override {
    return call.fulfill(
        kj::str(call.call(), call.results_(), call.params_(), call.class_(), call.id_()));
  }
  kj::Promise<void> then(Then call) override {
    return call.fulfill([](auto everything) {
      everything.setThen("then");
      everything.setWait("wait");
      everything.setGet(1);
      everything.initA().setFirst(true);
      everything.getInt().setShort(2);
    });
  }
  kj::Promise<void> send(Send call) override { return call.fulfill(call.fill(), true); }
  kj::Promise<void> delete_(Delete call) override { return call.fulfill(call.new_()); }
  kj::Promise<void> getHook_(GetHook call) override { return call.fulfill(); }
  kj::Promise<void> dispatchCall_(DispatchCall call) override { return call.fulfill(); }
  kj::Promise<void> ref(Ref_ call) override { return call.fulfill(); }
  kj::Promise<void> server(Server_ call) override { return call.fulfill(); }
  kj::Promise<void> hook_(Hook call) override { return call.fulfill(); }
  kj::Promise<void> interface(Interface call) override { return call.fulfill(call.interface()); }
  kj::Promise<void> major_(Major call) override { return call.fulfill(call.errno_()); }
  kj::Promise<void> null(Null call) override { return call.fulfill(call.eof()); }
  kj::Promise<void> anotherName(AnotherName call) override { return call.fulfill(call.after()); }
};

class InterfaceServer final: public Server<names::Interface>, public AwkwardServer {
public:
  kj::Promise<void> call_(Call__ call) override { return call.fulfill(true); }
};

class Names: public testing::Test, public InOneLoop {
public:
  ~Names() noexcept override = default;

protected:
  Ref<names::Interface> both = kj::heap<InterfaceServer>();
  Ref<Awkward> awkward = both;
};

TEST_F(Names, OfParametersAndResultsMayBeWordsOfCppAndTroth) {
  EXPECT_EQ(awkward.call("a", "b", "c", "d", 5).then_().wait(waitScope), "abcd5"_kj);
  EXPECT_TRUE(awkward.send(true).results().wait(waitScope));
  EXPECT_EQ(awkward.delete_().delete_().wait(waitScope), -1);
  EXPECT_EQ(awkward.delete_(4).delete_().wait(waitScope), 4);
  EXPECT_EQ(awkward.major_(3, "in").assert_().wait(waitScope), 3);
  EXPECT_TRUE(awkward.null(true).null().wait(waitScope));
  EXPECT_TRUE(awkward.anotherName(true).after().wait(waitScope));
}

TEST_F(Names, OfMethodsMayBeThoseThatTheStubUsesItself) {
  awkward.getHook_().wait(waitScope);
  awkward.dispatchCall_().wait(waitScope);
  awkward.ref().wait(waitScope);
  awkward.server().wait(waitScope);
  awkward.hook_().wait(waitScope);
  EXPECT_TRUE(contains(failureOf(awkward.unimplemented_()), "unimplemented"));
}

TEST_F(Names, OfFieldsMayBeThoseOfAPromise) {
  auto everything = awkward.then();
  EXPECT_EQ(everything.then_().wait(waitScope), "then"_kj);
  EXPECT_EQ(everything.wait_().wait(waitScope), "wait"_kj);
  EXPECT_EQ(everything.get_().wait(waitScope), 1);
  EXPECT_EQ(everything.map_().wait(waitScope).size(), 0u);
  EXPECT_FALSE(everything.detach_().wait(waitScope));
  EXPECT_TRUE(everything.a().first().wait(waitScope));
  EXPECT_EQ(everything.int_().short_().wait(waitScope), 2);
  everything.then__().wait(waitScope);
}

TEST_F(Names, OfAMethodAndOfTheSameMethodOfABaseDiffer) {
  EXPECT_TRUE(both.call_().own().wait(waitScope));
  EXPECT_EQ(both.call("x", "", "", "", 1).then_().wait(waitScope), "x1"_kj);
  Ref<names::Interface> same = both.interface(both).interface();
  EXPECT_TRUE(same.call_().own().wait(waitScope));
}

}  // namespace
}  // namespace troth

// Uses the stubs of the schemas on which Cap'n Proto tests itself.

#include <gtest/gtest.h>

#include "capnp/test.troth.h"
#include "stub-testing.h"

namespace troth {
namespace {

namespace test = capnproto_test::capnp::test;

using capnp::Data;
using capnp::Text;

class InterfaceServer: public virtual Server<test::TestInterface> {
public:
  kj::Promise<void> foo(Foo call) override {
    EXPECT_TRUE(call.j());
    return call.fulfill(kj::str("foo ", call.i()));
  }
  kj::Promise<void> baz(Baz call) override {
    EXPECT_EQ(call.s().getTextField(), "text");
    EXPECT_EQ(call.s().getInt8List()[1], -2);
    return call.fulfill();
  }
};

class ExtendsServer final: public Server<test::TestExtends2>, public InterfaceServer {
public:
  kj::Promise<void> corge(Corge call) override {
    EXPECT_EQ(call.int32Field(), 5);
    return call.fulfill();
  }
  kj::Promise<void> grault(Grault call) override {
    return call.fulfill([](auto all) {
      all.setUInt64Field(6);
      all.initStructField().setEnumField(test::TestEnum::GARPLY);
    });
  }
};

class PipelineServer final: public Server<test::TestPipeline> {
public:
  kj::Promise<void> getCap(GetCap call) override {
    return call.inCap().foo(call.n(), true).x().then([call](auto x) mutable {
      call.fulfill(
          x, [](auto box) { box.setCap(Ref<test::TestInterface>(kj::heap<ExtendsServer>())); });
    });
  }
  kj::Promise<void> testPointers(TestPointers call) override {
    auto inObject = call.obj().getAs<test::TestInterface>();
    Ref<test::TestInterface> inList(call.list()[1]);
    return call.cap()
        .foo(1, true)
        .ignoreResult()
        .then([ref = Ref<test::TestInterface>(inObject)]() {
          return ref.foo(2, true).ignoreResult();
        })
        .then([inList]() { return inList.foo(3, true).ignoreResult(); });
  }
  kj::Promise<void> getAnyCap(GetAnyCap call) override {
    return call.fulfill("any", [&](auto box) { box.setCap(call.inCap()); });
  }
};

class MoreStuffServer final: public Server<test::TestMoreStuff> {
public:
  kj::Promise<void> getCallSequence(GetCallSequence call) override { return call.fulfill(count++); }
  kj::Promise<void> callFoo(CallFoo call) override {
    return call.cap().foo(9, true).x().then([call](auto x) mutable { call.fulfill(x); });
  }
  kj::Promise<void> methodWithDefaults(MethodWithDefaults call) override {
    return call.fulfill(kj::str(call.a(), call.b(), call.c()), "e");
  }
  kj::Promise<void> methodWithNullDefault(MethodWithNullDefault call) override {
    EXPECT_FALSE(call.params().hasB());
    return call.fulfill();
  }

private:
  uint32_t count = 0;
};

class StreamingServer final: public Server<test::TestStreaming> {
public:
  kj::Promise<void> doStreamI(DoStreamI call) override {
    i += call.i();
    return kj::READY_NOW;
  }
  kj::Promise<void> doStreamJ(DoStreamJ call) override {
    j += call.j();
    return kj::READY_NOW;
  }
  kj::Promise<void> finishStream(FinishStream call) override { return call.fulfill(i, j); }

private:
  uint32_t i = 0;
  uint32_t j = 0;
};

class KeywordServer final: public Server<test::TestKeywordMethods> {
public:
  kj::Promise<void> delete_(Delete call) override { return call.fulfill(); }
  kj::Promise<void> class_(Class call) override { return call.fulfill(); }
  kj::Promise<void> void_(Void call) override { return call.fulfill(); }
};

using Generic = test::TestGenerics<test::TestAllTypes, Text>;

class GenericServer final: public Server<Generic::Interface<Data>> {
public:
  kj::Promise<void> call(Call_ call) override {
    kj::byte bytes[] = {7};
    EXPECT_EQ(call.bar(), "bar");
    EXPECT_EQ(call.baz(), "baz");
    return call.fulfill(kj::arrayPtr(bytes, 1), [&](auto gen) {
      gen.initFoo().setInt16Field(call.innerBound().getFoo().getInt16Field());
      gen.initRev().initFoo();
    });
  }
};

class ImplicitServer final: public Server<test::TestImplicitMethodParamsInGeneric<Text>> {
public:
  kj::Promise<void> call(Call_ call) override {
    return call.fulfill([&](auto results) {
      results.getFoo().set(call.foo());
      results.setUv();
    });
  }
};

class AuthenticatedServer final:
    public Server<test::TestAuthenticatedBootstrap<test::TestSturdyRefHostId>> {
public:
  kj::Promise<void> getCallerId(GetCallerId call) override {
    return call.fulfill([](auto caller) { caller.setHost("host"); });
  }
};

class CapnpTestSchemas: public testing::Test, public InOneLoop {
public:
  ~CapnpTestSchemas() noexcept override = default;

protected:
  Ref<test::TestExtends2> extends = kj::heap<ExtendsServer>();
};

TEST_F(CapnpTestSchemas, CallMethodsOfAllBases) {
  EXPECT_EQ(extends.foo(3, true).x().wait(waitScope), "foo 3");
  extends.corge([](auto all) { all.setInt32Field(5); }).wait(waitScope);
  extends
      .baz([](auto all) {
        all.setTextField("text");
        all.setInt8List({-1, -2});
      })
      .wait(waitScope);
  auto all = extends.grault();
  EXPECT_EQ(all.uInt64Field().wait(waitScope), 6u);
  EXPECT_EQ(all.structField().enumField().wait(waitScope), test::TestEnum::GARPLY);
  EXPECT_FALSE(failureOf(extends.qux()).empty());
}

TEST_F(CapnpTestSchemas, PipelineOnObjectsInStructs) {
  Ref<test::TestPipeline> pipeline = kj::heap<PipelineServer>();
  auto results = pipeline.getCap(234, extends);
  EXPECT_EQ(results.outBox().cap().foo(1, true).x().wait(waitScope), "foo 1");
  EXPECT_EQ(results.s().wait(waitScope), "foo 234");
  auto any = pipeline.getAnyCap(1, extends).outBox().cap();
  EXPECT_EQ(castRef<test::TestInterface>(any).foo(4, true).x().wait(waitScope), "foo 4");
}

TEST_F(CapnpTestSchemas, PassObjectsInPointersAndLists) {
  Ref<test::TestPipeline> pipeline = kj::heap<PipelineServer>();
  pipeline.testPointers(extends, extends, {extends, extends}).wait(waitScope);
}

TEST_F(CapnpTestSchemas, GiveArgumentsTheirDefaults) {
  Ref<test::TestMoreStuff> stuff = kj::heap<MoreStuffServer>();
  auto results = stuff.methodWithDefaults("a");
  EXPECT_EQ(results.d().wait(waitScope), "a123foo");
  EXPECT_EQ(results.e().wait(waitScope), "e");
  EXPECT_EQ(stuff.methodWithDefaults("a", 1, "c").d().wait(waitScope), "a1c");
  stuff.methodWithNullDefault("a").wait(waitScope);
  EXPECT_EQ(stuff.callFoo(extends).s().wait(waitScope), "foo 9");
  EXPECT_EQ(stuff.getCallSequence(0).n().wait(waitScope), 0u);
}

TEST_F(CapnpTestSchemas, Stream) {
  Ref<test::TestStreaming> streaming = kj::heap<StreamingServer>();
  streaming.doStreamI(123).wait(waitScope);
  streaming.doStreamJ(321).wait(waitScope);
  streaming.doStreamI(456).wait(waitScope);
  auto totals = streaming.finishStream().wait(waitScope);
  EXPECT_EQ(totals.getTotalI(), 579u);
  EXPECT_EQ(totals.getTotalJ(), 321u);
}

TEST_F(CapnpTestSchemas, NameMethodsLikeKeywords) {
  Ref<test::TestKeywordMethods> keywords = kj::heap<KeywordServer>();
  keywords.delete_().wait(waitScope);
  keywords.class_().wait(waitScope);
  keywords.void_().wait(waitScope);
  EXPECT_TRUE(contains(failureOf(keywords.return_()), "return"));
}

TEST_F(CapnpTestSchemas, BindParametersOfNestedGenerics) {
  Ref<Generic::Interface<Data>> generic = kj::heap<GenericServer>();
  auto results = generic.call([](auto inner) {
    inner.setBar("bar");
    inner.setBaz("baz");
    inner.initInnerBound().initFoo().setInt16Field(12);
  });
  EXPECT_EQ(results.qux().wait(waitScope)[0], 7);
  EXPECT_EQ(results.gen().foo().int16Field().wait(waitScope), 12);
  EXPECT_EQ(results.gen().list().wait(waitScope).size(), 0u);
  EXPECT_TRUE(contains(failureOf(results.gen().ug().ugfoo()), "ug"));
  results.gen().uv().wait(waitScope);
}

TEST_F(CapnpTestSchemas, BindParametersOfMethodsInGenericInterfaces) {
  Ref<test::TestImplicitMethodParamsInGeneric<Text>> implicit = kj::heap<ImplicitServer>();
  EXPECT_EQ(implicit.call(extends, extends).foo().wait(waitScope).isCapability(), true);
  auto filled = implicit.call([](auto params) { params.getFoo().template setAs<Text>("t"); });
  EXPECT_EQ(filled.foo().wait(waitScope).getAs<Text>(), "t");
}

TEST_F(CapnpTestSchemas, BindParametersOfGenericInterfaces) {
  Ref<test::TestAuthenticatedBootstrap<test::TestSturdyRefHostId>> bootstrap =
      kj::heap<AuthenticatedServer>();
  EXPECT_EQ(bootstrap.getCallerId().caller().host().wait(waitScope), "host");
}

TEST_F(CapnpTestSchemas, CallStockServers) {
  class Stock final: public test::TestExtends::Server {
    kj::Promise<void> foo(FooContext context) override {
      context.getResults().setX(kj::str("stock ", context.getParams().getI()));
      return kj::READY_NOW;
    }
    kj::Promise<void> grault(GraultContext context) override {
      context.getResults().setTextField("stock");
      return kj::READY_NOW;
    }
  };
  Ref<test::TestExtends> stock = kj::heap<Stock>();
  EXPECT_EQ(stock.foo(3, true).x().wait(waitScope), "stock 3");
  EXPECT_EQ(stock.grault().textField().wait(waitScope), "stock");
}

TEST_F(CapnpTestSchemas, ServeStockClients) {
  test::TestExtends2::Client client = extends;
  auto request = client.fooRequest();
  request.setI(5);
  request.setJ(true);
  EXPECT_EQ(request.send().wait(waitScope).getX(), "foo 5");
  EXPECT_EQ(client.graultRequest().send().wait(waitScope).getUInt64Field(), 6u);
}

}  // namespace

// Every template of the file, instantiated once: an error in a template shows only then.
namespace bound {

namespace test = capnproto_test::capnp::test;
using capnp::Text;

using Generic = test::TestGenerics<test::TestAllTypes, Text>;
using GenericOfObjects = test::TestGenerics<test::TestInterface, capnp::List<uint32_t>>;
using Inner = test::TestGenerics<Text, Text>::Inner;
using Inner2 = test::TestGenerics<Text, Text>::Inner2<test::TestAllTypes>;
using DeepNest = test::TestGenerics<Text, Text>::Inner2<Text>::DeepNest<test::TestInterface>;
using UseAliases = test::TestGenerics<Text, Text>::UseAliases;
using Group = test::TestGenerics<Text, Text>::Ug;
using Wrapper = test::TestGenericsWrapper<Text, test::TestAllTypes>;
using Union = test::TestGenericsUnion<Text, test::TestInterface>;
using Interface = test::TestGenerics<Text, Text>::Interface<test::TestInterface>;
using DeepNestInterface = test::TestGenerics<>::Inner2<Text>::DeepNest<>::DeepNestInterface<Text>;
using Implicit = test::TestImplicitMethodParamsInGeneric<test::TestInterface>;
using Bootstrap = test::TestAuthenticatedBootstrap<Text>;

}  // namespace bound

template class _::StructPromise<capnp::typeId<bound::Generic>(), bound::Generic>;
template class _::StructPromise<capnp::typeId<bound::GenericOfObjects>(), bound::GenericOfObjects>;
template class _::StructPromise<capnp::typeId<bound::Inner>(), bound::Inner>;
template class _::StructPromise<capnp::typeId<bound::Inner2>(), bound::Inner2>;
template class _::StructPromise<capnp::typeId<bound::DeepNest>(), bound::DeepNest>;
template class _::StructPromise<capnp::typeId<bound::UseAliases>(), bound::UseAliases>;
template class _::StructPromise<capnp::typeId<bound::Group>(), bound::Group>;
template class _::StructPromise<capnp::typeId<bound::Wrapper>(), bound::Wrapper>;
template class _::StructPromise<capnp::typeId<bound::Union>(), bound::Union>;
template class _::InterfaceRef<capnp::typeId<bound::Interface>(), bound::Interface>;
template class _::InterfaceServer<capnp::typeId<bound::Interface>(), bound::Interface>;
template class _::InterfaceRef<capnp::typeId<bound::DeepNestInterface>(), bound::DeepNestInterface>;
template class _::InterfaceServer<capnp::typeId<bound::DeepNestInterface>(),
    bound::DeepNestInterface>;
template class _::InterfaceRef<capnp::typeId<bound::Implicit>(), bound::Implicit>;
template class _::InterfaceServer<capnp::typeId<bound::Implicit>(), bound::Implicit>;
template class _::InterfaceRef<capnp::typeId<bound::Bootstrap>(), bound::Bootstrap>;
template class _::InterfaceServer<capnp::typeId<bound::Bootstrap>(), bound::Bootstrap>;

}  // namespace troth

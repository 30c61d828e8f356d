#include <capnp/persistent.capnp.h>
#include <capnp/rpc-twoparty.h>

#include "sturdy-secret.h"
#include "sturdy-testing.h"

namespace troth {
namespace {

using Persistent = capnp::Persistent<capnp::Text, capnp::AnyPointer>;

class StockNode final: public lab::Node::Server {};

TEST(Sturdy, ARefIsSavedAndRestoredOverASocket) {
  SturdyVats vats;
  vats.server->serve((*vats.nodes)("alice"));
  vats.server->serve((*vats.nodes)("bob"));
  auto bob = vats.client->connect<lab::Node>(vats.address);
  auto ref = bob.same((*vats.nodes)("alice")).node().save().wait(vats);
  EXPECT_EQ(ref.host, vats.address);
  EXPECT_EQ(ref.name, "Node");
  EXPECT_EQ(ref.key, "alice");
  EXPECT_EQ(ref.secret.size(), 22u);
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(ref)), "alice");
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(ref.toText())), "alice");
}

TEST(Sturdy, ARefOutlivesTheVatIfTheNextOneHasTheSameKey) {
  SturdyVats vats;
  auto text = vats.saved("alice");
  vats.restart();
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(text)), "alice");
}

TEST(Sturdy, ARefDiesWithTheKeyOfItsVat) {
  SturdyVats vats;
  auto text = vats.saved("alice");
  vats.restart(testKey(8));
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(text)), "is not valid");
  vats.restart({});
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(text)), "is not valid");
  EXPECT_EQ(vats.made, 1);
}

TEST(Sturdy, AWrongSecretAndAnUnknownObjectGiveTheSameError) {
  SturdyVats vats;
  auto right = SturdyRef::parse(vats.saved("alice"));
  std::vector<kj::String> wrong;
  for (size_t i = 0; i < right.secret.size(); ++i) {
    wrong.push_back(kj::str(right.secret));
    wrong.back()[i] = right.secret[i] == 'A' ? 'B' : 'A';
  }
  wrong.push_back(kj::String());
  wrong.push_back(kj::str(right.secret, 'A'));
  wrong.push_back(kj::heapString(right.secret.slice(0, 21)));
  auto errorFor = [&](kj::StringPtr name, kj::StringPtr key, kj::StringPtr secret) {
    SturdyRef ref{kj::str(vats.address), kj::str(name), kj::str(key), kj::str(secret)};
    auto text = vats.failureOfLabel(vats.client->restore<lab::Node>(ref));
    EXPECT_EQ(text.find(right.secret.cStr()), std::string::npos) << text;
    // It ends with what was asked for.
    return text.substr(0, text.find("; ref.name"));
  };
  auto expected = errorFor("Node", "bob", right.secret);
  EXPECT_MENTIONS(expected, "the secret of the sturdy ref is not valid");
  for (auto& secret: wrong) EXPECT_EQ(errorFor("Node", "alice", secret), expected);
  EXPECT_EQ(errorFor("Nothing", "alice", right.secret), expected);
  EXPECT_EQ(errorFor("Node", "nobody", right.secret), expected);
  EXPECT_EQ(vats.made, 1);
}

TEST(Sturdy, TheRestorersErrorIsForThoseWhoHaveTheSecret) {
  SturdyVats vats;
  auto bytes = testKey();
  SturdyKey key(kj::arrayPtr(bytes.data(), bytes.size()));
  SturdyRef ref{
      kj::str(vats.address), kj::str("Node"), kj::str("nobody"), key.sign("Node", "nobody", 0)};
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(ref)), "no such node");
}

TEST(Sturdy, RevokedRefsRestoreNoMore) {
  SturdyVats vats;
  auto held = (*vats.nodes)("alice");
  auto before = vats.saved("alice");
  auto other = vats.saved("bob");
  vats.server->revoke("Node", "alice").wait(vats);
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(before)), "is not valid");
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(vats.saved("alice"))), "alice");
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(other)), "bob");
  EXPECT_EQ(vats.labelOf(held), "alice");
  EXPECT_MENTIONS(describe(failureOf(vats.server->revoke("", ""), vats)), "only refs");
}

TEST(Sturdy, RevocationsOutliveTheVatWhereTheyAreStored) {
  SturdyVats vats;
  auto secrets = newMemorySecrets();
  vats.restart(testKey(), *secrets);
  auto before = vats.saved("alice");
  vats.server->revoke("Node", "alice").wait(vats);
  auto after = vats.saved("alice");
  vats.restart(testKey(), *secrets);
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(before)), "is not valid");
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(after)), "alice");
}

TEST(Sturdy, NamedObjectsNeedNoSecret) {
  SturdyVats vats;
  vats.server->serve(kj::heap<NodeServer>(vats.lab, "main"));
  vats.server->serve("a/b c#d", kj::heap<NodeServer>(vats.lab, "odd"));
  auto mainText = vats.client->connect<lab::Node>(vats.address).save().wait(vats).toText();
  EXPECT_EQ(mainText.slice(mainText.size() - 1), "/");
  SturdyRef odd{kj::str(vats.address), kj::str("a/b c#d"), {}, {}};
  auto oddText = vats.client->restore<lab::Node>(odd).save().wait(vats).toText();
  EXPECT_EQ(oddText, odd.toText());
  vats.restart();
  EXPECT_MENTIONS(vats.failureOfLabel(vats.client->restore<lab::Node>(mainText)), "no main object");
  vats.server->serve(kj::heap<NodeServer>(vats.lab, "main"));
  vats.server->serve("a/b c#d", kj::heap<NodeServer>(vats.lab, "odd"));
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(mainText)), "main");
  EXPECT_EQ(vats.labelOf(vats.client->restore<lab::Node>(oddText)), "odd");
}

TEST(Sturdy, APromisedObjectIsSavedOnceItIsThere) {
  SturdyVats vats;
  auto saving = (*vats.late)("carol").save();
  auto own = vats.host().save((*vats.late)("carol").getHook());
  vats.settle();
  EXPECT_FALSE(saving.poll(vats));
  EXPECT_FALSE(own.poll(vats));
  vats.lab.open();
  EXPECT_EQ(saving.wait(vats).key, "carol");
  EXPECT_EQ(own.wait(vats), "troth:/late/carol");
  EXPECT_EQ(vats.made, 1);
}

TEST(Sturdy, AnObjectWithoutAHomeCannotBeSaved) {
  SturdyVats vats;
  Ref<lab::Node> homeless = kj::heap<NodeServer>(vats.lab);
  auto failure = failureOf(homeless.save(), vats);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(describe(failure), "neither served under a name nor made by a restorer");
  EXPECT_MENTIONS(describe(failure), "Node");
  auto own = failureOf(vats.host().save(homeless.getHook()), vats);
  EXPECT_EQ(own.getType(), kj::Exception::Type::FAILED);
  EXPECT_MENTIONS(describe(own), "Node");
  EXPECT_MENTIONS(
      describe(failureOf(vats.host().save(Ref<lab::Node>(nullptr).getHook()), vats)), "null ref");
}

TEST(Sturdy, AVatWithoutAPublicAddressSaysWhatIsMissing) {
  Lab lab;
  Loop loop;
  Vat vat{vatOptions(loop)};
  vat.serve("named", kj::heap<NodeServer>(lab));
  auto nodes = vat.restorer<lab::Node>(
      [&](kj::StringPtr key) { return kj::heap<NodeServer>(lab, key.cStr()); });
  auto node = nodes("alice");
  EXPECT_MENTIONS(
      describe(failureOf(node.save(), loop.waitScope())), "set VatOptions::publicAddress");
  EXPECT_EQ(vat.getObjectHost().save(node.getHook()).wait(loop.waitScope()), "troth:/Node/alice");
}

TEST(Sturdy, StockObjectsAreSavedByTheirNameOnly) {
  SturdyVats vats;
  lab::Node::Client stock = kj::heap<StockNode>();
  Ref<lab::Node> ref = stock;
  auto failure = failureOf(vats.host().save(ref.getHook()), vats);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_MENTIONS(describe(failure), "an object of this vat: cannot save the object");
  vats.server->serve("stock", stock);
  EXPECT_EQ(vats.host().save(ref.getHook()).wait(vats), "troth:/stock");
}

TEST(Sturdy, AStockClientSavesAndRestores) {
  SturdyVats vats;
  vats.server->serve((*vats.nodes)("alice"));
  auto address = vats.loop.network().parseAddress(vats.address).wait(vats);
  auto stream = address->connect().wait(vats);
  capnp::TwoPartyClient stock(*stream);
  auto persistent = stock.bootstrap().castAs<Persistent>();
  auto text = kj::str(persistent.saveRequest().send().wait(vats).getSturdyRef());
  EXPECT_EQ(text, vats.saved("alice"));
  auto sealed = persistent.saveRequest();
  sealed.getSealFor().setAs<capnp::Text>("somebody");
  auto failure = failureOf(sealed.send().ignoreResult(), vats);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::UNIMPLEMENTED);
  EXPECT_MENTIONS(describe(failure), "sealed");
}

TEST(Sturdy, AnObjectOfAnotherVatIsSavedThroughThatVat) {
  SturdyVats vats;
  vats.server->serve((*vats.nodes)("alice"));
  auto& host = vats.client->getObjectHost();
  auto remote = vats.client->connect<lab::Node>(vats.address);
  auto text = host.save(remote.getHook()).wait(vats);
  EXPECT_EQ(text, vats.saved("alice"));
  EXPECT_EQ(vats.labelOf(Ref<lab::Node>(host.restore(text))), "alice");
  // Handed directly from one vat of this thread to another.
  EXPECT_EQ(host.save((*vats.nodes)("alice").getHook()).wait(vats), text);
  auto homeless = remote.make("x").node();
  auto failure = failureOf(host.save(homeless.getHook()), vats);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_MENTIONS(describe(failure), "an object of another vat: cannot save the object");
}

// A peer whose objects say that they live wherever it likes.
class Liar final: public capnp::Capability::Server {
public:
  explicit Liar(kj::StringPtr text): text(text) {}

  DispatchCallResult dispatchCall(uint64_t, uint16_t,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    context.getResults().initAs<Persistent::SaveResults>().setSturdyRef(text);
    return {kj::READY_NOW, false, true};
  }

private:
  kj::StringPtr text;
};

TEST(Sturdy, APeerCannotNameAnObjectOfOursWithoutItsSecret) {
  SturdyVats vats;
  auto savedAs = [&](kj::StringPtr text) {
    Ref<capnp::Capability> liar = capnp::Capability::Client(kj::heap<Liar>(text));
    return vats.host().save(liar.getHook());
  };
  EXPECT_MENTIONS(describe(failureOf(savedAs("troth:/Node/alice"), vats)), "relative");
  EXPECT_MENTIONS(describe(failureOf(savedAs("x"), vats)), "not a sturdy ref");
  SturdyRef full{kj::str(vats.address), kj::str("Node"), kj::str("alice"), {}};
  auto text = savedAs(full.toText()).wait(vats);
  EXPECT_MENTIONS(vats.failureOfLabel(Ref<lab::Node>(vats.host().restore(text))), "is not valid");
  EXPECT_MENTIONS(
      vats.failureOfLabel(vats.server->restore<lab::Node>("troth:/Node/alice")), "is not valid");
}

TEST(Sturdy, AVatRestoresItsOwnObjectsWithoutAConnection) {
  SturdyVats vats;
  auto text = vats.saved("alice");
  EXPECT_EQ(vats.labelOf(vats.server->restore<lab::Node>(text)), "alice");
  EXPECT_EQ(vats.labelOf(Ref<lab::Node>(vats.host().restore(text))), "alice");
  EXPECT_EQ(vats.labelOf(Ref<lab::Node>(vats.host().restore("troth:/Node/alice"))), "alice");
  EXPECT_EQ(vats.server->getTraffic().messagesReceived, 0u);
  EXPECT_MENTIONS(
      vats.failureOfLabel(Ref<lab::Node>(vats.host().restore("nonsense"))), "not a sturdy ref");
  EXPECT_THROW(vats.server->restore<lab::Node>("nonsense"), kj::Exception);
}

TEST(Sturdy, TheNamesThatAreServedCanBeWatched) {
  SturdyVats vats;
  auto names = [&]() { return kj::str(kj::strArray(vats.host().servedNames(), " ")); };
  EXPECT_EQ(names(), "Node late");
  auto changed = vats.host().whenServedNamesChange();
  EXPECT_FALSE(changed.poll(vats));
  vats.server->serve(kj::heap<NodeServer>(vats.lab));
  changed.wait(vats);
  EXPECT_EQ(names(), "/ Node late");
  auto gone = vats.host().whenServedNamesChange();
  vats.restart();
  EXPECT_EQ(failureOf(kj::mv(gone), vats).getType(), kj::Exception::Type::DISCONNECTED);
}

}  // namespace
}  // namespace troth

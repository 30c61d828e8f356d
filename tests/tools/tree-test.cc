#include <capnp/serialize.h>
#include <gtest/gtest.h>
#include <kj/debug.h>

#include "promise-tree.h"
#include "troth/stored.capnp.h"

namespace troth::command {
namespace {

Record newRecord(kj::StringPtr id, kj::Maybe<kj::StringPtr> parent) {
  Record record;
  record.id = kj::str(id);
  record.parent = parent.map([](kj::StringPtr p) { return kj::str(p); });
  return record;
}

// The parameters of a part that is no call, or of a call on an object of a restorer.
kj::Array<const kj::byte> newParams(kj::StringPtr step, kj::StringPtr key) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<stored::Message>();
  if (step.size() > 0) root.setStep(step);
  if (key.size() > 0) root.setKey(key);
  return kj::heapArray<const kj::byte>(capnp::messageToFlatArray(message).asBytes());
}

class Tree: public testing::Test {
public:
  ~Tree() noexcept override {}

protected:
  Schemas schemas{nullptr, nullptr};
  RecordTypes types{schemas, nullptr};

  kj::String draw(kj::StringPtr root, kj::ArrayPtr<const Record> records) {
    return PromiseTree(root, records).draw(types, kj::UNIX_EPOCH + 5 * kj::MINUTES);
  }
};

TEST_F(Tree, BranchesLeadFromEachPromiseToItsParent) {
  Record records[] = {newRecord("r", nullptr), newRecord("b", "r"_kj), newRecord("a", "r"_kj),
      newRecord("b1", "b"_kj), newRecord("b2", "b"_kj), newRecord("a1", "a"_kj)};
  EXPECT_EQ(draw("r", records),
      "r         pending    5m\n"
      "├─ b      pending    5m\n"
      "│  ├─ b1  pending    5m\n"
      "│  └─ b2  pending    5m\n"
      "└─ a      pending    5m\n"
      "   └─ a1  pending    5m\n");
}

TEST_F(Tree, APromiseWhoseParentIsNotThereIsDrawnBelowTheRoot) {
  Record records[] = {newRecord("r", nullptr), newRecord("x", "gone"_kj)};
  EXPECT_EQ(draw("r", records), "r     pending    5m\n└─ x  pending    5m\n");
}

TEST_F(Tree, WorkThatIsParkedIsShownAsSuch) {
  auto record = newRecord("r", nullptr);
  record.call.target = kj::str("bank");
  record.call.interfaceId = 0xabc;
  record.epoch = epochAfterParking(3);
  EXPECT_EQ(draw("r", kj::arrayPtr(&record, 1)), "r  pending    5m  0xabc:0 on \"bank\"  parked\n");
}

TEST_F(Tree, WorkIsShownWithItsTriesAndItsOwner) {
  auto record = newRecord("r", nullptr);
  record.call.target = kj::str("bank");
  record.call.interfaceId = 0xabc;
  record.epoch = 3;
  record.lease = Lease{kj::str("vat-1"), kj::UNIX_EPOCH};
  EXPECT_EQ(draw("r", kj::arrayPtr(&record, 1)),
      "r  pending    5m  0xabc:0 on \"bank\"  3 tries  held by vat-1\n");
}

TEST_F(Tree, APartThatIsNoCallIsShownByWhatItIs) {
  Record records[] = {newRecord("r", nullptr), newRecord("r.1", "r"_kj), newRecord("r.2", "r"_kj)};
  records[1].call.params = newParams("step charge", "");
  records[1].state = PromiseState::FULFILLED;
  records[2].call.params = newParams("sleep", "");
  records[2].deadline = kj::UNIX_EPOCH + 2 * kj::HOURS;
  EXPECT_EQ(draw("r", records),
      "r       pending    5m\n"
      "├─ r.1  fulfilled  5m  step charge\n"
      "└─ r.2  pending    5m  sleep  deadline in 1h\n");
  auto json = PromiseTree("r", records).asJson(types);
  EXPECT_NE(nullptr, strstr(json.cStr(), "\"step\":\"step charge\"")) << json.cStr();
}

TEST_F(Tree, ARestoredObjectIsShownWithItsKey) {
  auto record = newRecord("r", nullptr);
  record.call.target = kj::str("Account");
  record.call.interfaceId = 0xabc;
  record.call.params = newParams("", "alice");
  EXPECT_EQ(
      draw("r", kj::arrayPtr(&record, 1)), "r  pending    5m  0xabc:0 on \"Account/alice\"\n");
}

TEST_F(Tree, AVatIsShownByItsProcess) {
  auto record = newRecord("r", nullptr);
  record.epoch = 1;
  record.lease = Lease{kj::str("vat/f18f3d3a-2df2/4026531836/4711/99/e302f911"), kj::UNIX_EPOCH};
  EXPECT_EQ(draw("r", kj::arrayPtr(&record, 1)), "r  pending    5m  held by vat 4711@f18f3d3a\n");
}

TEST_F(Tree, ParametersThatCannotBeReadAreNoStep) {
  auto record = newRecord("r", nullptr);
  record.call.params = kj::heapArray<const kj::byte>({0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(draw("r", kj::arrayPtr(&record, 1)), "r  pending    5m\n");
}

TEST_F(Tree, ADeepTreeTakesNoStack) {
  kj::Vector<Record> records;
  records.add(newRecord("0", nullptr));
  for (int i = 1; i < 3000; ++i) records.add(newRecord(kj::str(i), kj::str(i - 1).asPtr()));
  auto json = PromiseTree("0", records).asJson(types);
  EXPECT_TRUE(json.endsWith("\"depth\":2999}]}"));
}

}  // namespace
}  // namespace troth::command

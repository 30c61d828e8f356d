#include "ledger.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

namespace troth {
namespace {

using Type = kj::Exception::Type;
using Verdict = Ledger::Verdict;

// A ledger, and short words for the messages that it sees.
class LedgerTest {
public:
  explicit LedgerTest(Limits limits = {}): limits(limits) {}

  Limits limits;
  Ledger ledger{limits};

  template <typename Fill>
  Verdict receive(Fill&& fill, uint64_t words = 10, uint64_t queued = 0) {
    capnp::MallocMessageBuilder message;
    fill(message.initRoot<capnp::rpc::Message>());
    return ledger.received(message.getRoot<capnp::rpc::Message>().asReader(), words, queued);
  }
  template <typename Fill>
  void send(Fill&& fill, uint64_t words = 10) {
    capnp::MallocMessageBuilder message;
    fill(message.initRoot<capnp::rpc::Message>());
    ledger.sent(message.getRoot<capnp::rpc::Message>().asReader(), words);
  }

  // A call on an imported object.
  Verdict call(uint32_t question, uint64_t words = 10, uint64_t queued = 0) {
    return receive(
        [&](auto message) {
          auto call = message.initCall();
          call.setQuestionId(question);
          call.initTarget().setImportedCap(0);
        },
        words, queued);
  }
  // A call on what `answer` gives.
  Verdict callOn(uint32_t question, uint32_t answer) {
    return receive([&](auto message) {
      auto call = message.initCall();
      call.setQuestionId(question);
      call.initTarget().initPromisedAnswer().setQuestionId(answer);
    });
  }
  // A call that passes what `answer` gives.
  Verdict callWith(uint32_t question, uint32_t answer) {
    return receive([&](auto message) {
      auto call = message.initCall();
      call.setQuestionId(question);
      call.initTarget().setImportedCap(0);
      call.initParams().initCapTable(1)[0].initReceiverAnswer().setQuestionId(answer);
    });
  }
  Verdict bootstrap(uint32_t question) {
    return receive([&](auto message) { message.initBootstrap().setQuestionId(question); });
  }
  Verdict finish(uint32_t question, bool releaseResults = false) {
    return receive([&](auto message) {
      message.initFinish().setQuestionId(question);
      message.getFinish().setReleaseResultCaps(releaseResults);
    });
  }
  void release(uint32_t object, uint32_t count) {
    receive([&](auto message) {
      message.initRelease().setId(object);
      message.getRelease().setReferenceCount(count);
    });
  }
  // Answers `question` with `objects` in the results.
  void answer(uint32_t question, std::vector<uint32_t> objects = {}) {
    send([&](auto message) {
      auto ret = message.initReturn();
      ret.setAnswerId(question);
      auto table = ret.initResults().initCapTable(objects.size());
      for (size_t i = 0; i < objects.size(); ++i) table[i].setSenderHosted(objects[i]);
      ret.setNoFinishNeeded(objects.empty());
    });
  }
  // Makes a call of our own that passes `objects`.
  void callOut(uint32_t question, std::vector<uint32_t> objects = {}) {
    send([&](auto message) {
      auto call = message.initCall();
      call.setQuestionId(question);
      auto table = call.initParams().initCapTable(objects.size());
      for (size_t i = 0; i < objects.size(); ++i) table[i].setSenderHosted(objects[i]);
    });
  }
  // The peer's answer to a call of our own, with `objects` of the peer's in its results.
  void answerIn(uint32_t question, bool releaseParams, std::vector<uint32_t> objects = {}) {
    receive([&](auto message) {
      auto ret = message.initReturn();
      ret.setAnswerId(question);
      ret.setReleaseParamCaps(releaseParams);
      auto table = ret.initResults().initCapTable(objects.size());
      for (size_t i = 0; i < objects.size(); ++i) table[i].setSenderHosted(objects[i]);
    });
  }

  std::string reason() const { return ledger.refusal.reason.cStr(); }
};

#define EXPECT_REFUSED(verdict, test, bound)               \
  EXPECT_EQ(verdict, Verdict::REFUSE);                     \
  EXPECT_EQ((test).ledger.refusal.type, Type::OVERLOADED); \
  EXPECT_NE((test).reason().find(bound), std::string::npos) << (test).reason()

TEST(Ledger, CountsCallsFromTheirArrivalToTheirAnswer) {
  LedgerTest test;
  EXPECT_EQ(test.bootstrap(0), Verdict::PASS);
  EXPECT_EQ(test.call(1), Verdict::PASS);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 2u);
  test.answer(0, {5});
  test.answer(1);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 0u);
}

TEST(Ledger, RefusesTheCallThatIsOneTooMany) {
  LedgerTest test({.callsOutstanding = 2});
  EXPECT_EQ(test.call(1), Verdict::PASS);
  EXPECT_EQ(test.call(2), Verdict::PASS);
  EXPECT_REFUSED(test.call(3), test, "callsOutstanding = 2");
  EXPECT_EQ(test.ledger.refusal.questionId, 3u);
  test.answer(1);
  EXPECT_EQ(test.call(4), Verdict::PASS);
  EXPECT_REFUSED(test.call(5), test, "callsOutstanding");
  EXPECT_EQ(test.ledger.getTraffic().callsRefused, 2u);
}

TEST(Ledger, RefusesBootstrapsLikeCalls) {
  LedgerTest test({.callsOutstanding = 1});
  EXPECT_EQ(test.bootstrap(1), Verdict::PASS);
  EXPECT_REFUSED(test.bootstrap(2), test, "callsOutstanding");
  EXPECT_EQ(test.finish(2), Verdict::SWALLOW);
  test.answer(1, {1});
  test.ledger.drain();
  EXPECT_EQ(test.bootstrap(3), Verdict::REFUSE);
  EXPECT_EQ(test.ledger.refusal.type, Type::DISCONNECTED);
}

TEST(Ledger, BoundsAnswersThatThePeerNeverFinishes) {
  LedgerTest test({.callsOutstanding = 3, .references = 4});
  uint32_t question = 0;
  while (question < 100 && test.bootstrap(question) == Verdict::PASS) test.answer(question++, {5});
  EXPECT_LE(question, 7u);
  EXPECT_REFUSED(test.bootstrap(200), test, "references");
  for (uint32_t i = 0; i < question; ++i) test.finish(i);
  EXPECT_EQ(test.call(300), Verdict::PASS);
}

TEST(Ledger, KeepsCountingTheWordsOfAnAnswerThatHoldsObjects) {
  LedgerTest test({.wordsInFlight = 100});
  EXPECT_EQ(test.call(1, 10), Verdict::PASS);
  test.send(
      [&](auto message) {
        auto ret = message.initReturn();
        ret.setAnswerId(1);
        ret.initResults().initCapTable(1)[0].setSenderHosted(3);
      },
      95);
  EXPECT_REFUSED(test.call(2, 10), test, "wordsInFlight");
  test.finish(1);
  EXPECT_EQ(test.call(3, 10), Verdict::PASS);
}

TEST(Ledger, RefusesWordsOverTheLimit) {
  LedgerTest test({.wordsInFlight = 100});
  EXPECT_EQ(test.call(1, 60), Verdict::PASS);
  EXPECT_EQ(test.call(2, 40), Verdict::PASS);
  EXPECT_REFUSED(test.call(3, 1), test, "wordsInFlight = 100");
  test.answer(2);
  EXPECT_EQ(test.call(4, 40), Verdict::PASS);
  EXPECT_REFUSED(test.call(5, UINT64_MAX), test, "wordsInFlight");
}

TEST(Ledger, RefusesWhileAnswersAreNotRead) {
  LedgerTest test({.wordsQueued = 100});
  EXPECT_EQ(test.call(1, 1, 100), Verdict::PASS);
  EXPECT_REFUSED(test.call(2, 1, 101), test, "wordsQueued = 100");
  EXPECT_EQ(test.call(3, 1, 0), Verdict::PASS);
}

TEST(Ledger, RefusesWhileTooManyObjectsAreHeld) {
  LedgerTest test({.references = 2});
  test.bootstrap(0);
  test.answer(0, {1});
  test.finish(0);
  EXPECT_EQ(test.call(1), Verdict::PASS);
  test.answer(1, {2});
  test.finish(1);
  EXPECT_REFUSED(test.call(2), test, "references = 2");
  test.release(2, 1);
  EXPECT_EQ(test.call(3), Verdict::PASS);
}

TEST(Ledger, RefusesChainsThatAreTooDeep) {
  LedgerTest test({.pipelineDepth = 3});
  EXPECT_EQ(test.call(0), Verdict::PASS);
  EXPECT_EQ(test.callOn(1, 0), Verdict::PASS);
  EXPECT_EQ(test.callOn(2, 1), Verdict::PASS);
  EXPECT_EQ(test.callOn(3, 2), Verdict::PASS);
  EXPECT_REFUSED(test.callOn(4, 3), test, "pipelineDepth = 3");
  EXPECT_EQ(test.callOn(5, 2), Verdict::PASS);
  test.answer(2, {1});
  EXPECT_EQ(test.callOn(6, 2), Verdict::PASS);
}

TEST(Ledger, CountsArgumentsInTheDepthOfAChain) {
  LedgerTest test({.pipelineDepth = 2});
  EXPECT_EQ(test.call(0), Verdict::PASS);
  EXPECT_EQ(test.callWith(1, 0), Verdict::PASS);
  EXPECT_EQ(test.callOn(2, 1), Verdict::PASS);
  EXPECT_REFUSED(test.callWith(3, 2), test, "pipelineDepth");
}

TEST(Ledger, RefusesWhatDependsOnARefusedCall) {
  LedgerTest test({.callsOutstanding = 1});
  EXPECT_EQ(test.call(1), Verdict::PASS);
  EXPECT_EQ(test.call(2), Verdict::REFUSE);
  test.answer(1);
  EXPECT_REFUSED(test.callOn(3, 2), test, "was refused");
  EXPECT_REFUSED(test.callOn(4, 3), test, "was refused");
  EXPECT_REFUSED(test.callWith(5, 2), test, "was refused");
  for (auto id: {2, 3, 4, 5}) EXPECT_EQ(test.finish(id), Verdict::SWALLOW);
  EXPECT_EQ(test.call(2), Verdict::PASS);
}

TEST(Ledger, ACallForItsPipelineAloneEndsWithItsFinish) {
  LedgerTest test;
  test.receive([](auto message) {
    auto call = message.initCall();
    call.setQuestionId(1);
    call.setOnlyPromisePipeline(true);
  });
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 1u);
  test.finish(1);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 0u);
}

TEST(Ledger, OurAnswerToARefusedCallChangesNothing) {
  LedgerTest test({.callsOutstanding = 1});
  test.call(1);
  EXPECT_EQ(test.call(2), Verdict::REFUSE);
  test.answer(2);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 1u);
  EXPECT_EQ(test.finish(2), Verdict::SWALLOW);
  EXPECT_EQ(test.finish(2), Verdict::PASS);
}

TEST(Ledger, AnIdThatIsInUseIsAnErrorOfThePeers) {
  LedgerTest test({.callsOutstanding = 2});
  EXPECT_EQ(test.call(1), Verdict::PASS);
  EXPECT_EQ(test.call(2), Verdict::PASS);
  // The RPC system ends the connection for this, whatever the bounds say.
  EXPECT_EQ(test.call(1), Verdict::PASS);
  EXPECT_EQ(test.bootstrap(2), Verdict::PASS);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 2u);
  test.answer(1);
  test.answer(2);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 0u);
}

TEST(Ledger, AnIdOfARefusedCallIsInUseUntilItIsFinished) {
  LedgerTest test({.callsOutstanding = 1});
  test.call(1);
  EXPECT_EQ(test.call(2), Verdict::REFUSE);
  test.answer(1);
  EXPECT_ANY_THROW(test.call(2));
  EXPECT_ANY_THROW(test.bootstrap(2));
}

TEST(Ledger, TakesIdsAtTheExtremes) {
  LedgerTest test;
  for (uint32_t id: {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    EXPECT_EQ(test.call(id), Verdict::PASS);
    test.answer(id, {id});
    EXPECT_EQ(test.ledger.getReferences(), 1u);
    test.finish(id);
    test.release(id, 0xffffffffu);
    EXPECT_EQ(test.ledger.getReferences(), 0u);
  }
}

TEST(Ledger, CountsReferencesNotObjects) {
  LedgerTest test;
  test.call(1);
  test.answer(1, {7, 7, 8});
  EXPECT_EQ(test.ledger.getReferences(), 2u);
  test.release(7, 1);
  EXPECT_EQ(test.ledger.getReferences(), 2u);
  test.release(7, 1);
  EXPECT_EQ(test.ledger.getReferences(), 1u);
  test.release(8, 1);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
}

TEST(Ledger, AFinishMayReleaseTheResults) {
  LedgerTest test;
  test.call(1);
  test.answer(1, {7, 8});
  test.finish(1, true);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
  test.call(2);
  test.answer(2, {7});
  test.finish(2, false);
  EXPECT_EQ(test.ledger.getReferences(), 1u);
}

TEST(Ledger, AFinishBeforeTheAnswerReleasesTheResultsThatStillCome) {
  LedgerTest test;
  test.call(1);
  test.finish(1, true);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 1u);
  test.answer(1, {7});
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 0u);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
}

TEST(Ledger, ObjectsInOurParametersAreReferencesOfThePeers) {
  LedgerTest test;
  test.callOut(1, {3});
  EXPECT_EQ(test.ledger.getReferences(), 1u);
  test.answerIn(1, true);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
  test.callOut(1, {3});
  test.answerIn(1, false);
  EXPECT_EQ(test.ledger.getReferences(), 1u);
  test.release(3, 1);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
}

TEST(Ledger, AResolvedPromiseIsAReference) {
  LedgerTest test;
  test.send([](auto message) {
    message.initResolve().setPromiseId(1);
    message.getResolve().initCap().setSenderHosted(4);
  });
  EXPECT_EQ(test.ledger.getReferences(), 1u);
  test.release(4, 1);
  EXPECT_EQ(test.ledger.getReferences(), 0u);
}

TEST(Ledger, ReleasesOfWhatIsNotHeldChangeNothing) {
  LedgerTest test;
  test.release(9, 5);
  test.finish(9, true);
  test.answerIn(9, true);
  test.answer(9, {});
  EXPECT_EQ(test.ledger.getReferences(), 0u);
  EXPECT_EQ(test.ledger.getCallsOutstanding(), 0u);
}

TEST(Ledger, AskingForAnObjectIsNoRoundTrip) {
  LedgerTest test;
  test.send([](auto message) { message.initBootstrap().setQuestionId(0); });
  test.callOut(1);
  test.answerIn(0, false);
  EXPECT_EQ(test.ledger.getTraffic().roundTrips, 1u);
  test.callOut(2);
  EXPECT_EQ(test.ledger.getTraffic().roundTrips, 1u);
}

TEST(Ledger, CountsRoundTrips) {
  LedgerTest test;
  test.callOut(1);
  test.callOut(2);
  EXPECT_EQ(test.ledger.getTraffic().roundTrips, 1u);
  test.answerIn(1, false);
  test.answerIn(2, false);
  EXPECT_EQ(test.ledger.getTraffic().roundTrips, 1u);
  test.callOut(3);
  test.callOut(4);
  EXPECT_EQ(test.ledger.getTraffic().roundTrips, 2u);
}

TEST(Ledger, IsIdleOnlyIfNeitherSideHasAnythingOfTheOther) {
  LedgerTest test;
  EXPECT_TRUE(test.ledger.isIdle());
  test.call(1);
  EXPECT_FALSE(test.ledger.isIdle());
  test.answer(1);
  EXPECT_TRUE(test.ledger.isIdle());
  // Our own call, and an object of the peer's in its results.
  test.callOut(1);
  EXPECT_FALSE(test.ledger.isIdle());
  test.answerIn(1, false, {6});
  EXPECT_FALSE(test.ledger.isIdle());
  test.send([](auto message) {
    message.initRelease().setId(6);
    message.getRelease().setReferenceCount(1);
  });
  EXPECT_TRUE(test.ledger.isIdle());
}

TEST(Ledger, IsNotIdleWhileWeHoldAnObjectFromAPeersParameters) {
  LedgerTest test;
  test.receive([](auto message) {
    auto call = message.initCall();
    call.setQuestionId(1);
    call.initParams().initCapTable(1)[0].setSenderHosted(2);
  });
  test.answer(1);
  EXPECT_FALSE(test.ledger.isIdle());
  test.send([](auto message) {
    message.initRelease().setId(2);
    message.getRelease().setReferenceCount(1);
  });
  EXPECT_TRUE(test.ledger.isIdle());
}

TEST(Ledger, ACanceledCallOfOursLeavesNothing) {
  LedgerTest test;
  test.callOut(1);
  test.send([](auto message) {
    message.initFinish().setQuestionId(1);
    message.getFinish().setReleaseResultCaps(true);
  });
  EXPECT_FALSE(test.ledger.isIdle());
  test.answerIn(1, false, {6});
  EXPECT_TRUE(test.ledger.isIdle());
}

}  // namespace
}  // namespace troth

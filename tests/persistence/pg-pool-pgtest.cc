#include "pg-pool.h"

#include "pg-testing.h"

namespace troth {
namespace {

constexpr PgStatement BEGIN{nullptr, "BEGIN"};
constexpr PgStatement SLEEP{nullptr, "SELECT pg_sleep(60)"};

class PgPoolTest: public PgTest {
public:
  ~PgPoolTest() noexcept override {}

  PgPoolOptions options(kj::uint connectionsMax) {
    PgPoolOptions result;
    result.where = sharedCluster().where();
    result.connectionsMax = connectionsMax;
    return result;
  }

  int32_t sessionOf(PgConnection& connection) {
    return query(connection, "SELECT pg_backend_pid()")[0].at(0, 0).asInt4();
  }

  kj::Exception refusal(kj::Promise<kj::Own<PgConnection>> promise) {
    auto failure = kj::runCatchingExceptions([&]() { promise.wait(waitScope); });
    return kj::mv(KJ_ASSERT_NONNULL(failure, "there was a connection"));
  }
};

TEST_F(PgPoolTest, LendsTheSameConnectionAgain) {
  PgPool pool(loop, options(2));
  auto session = sessionOf(*pool.take().wait(waitScope));
  EXPECT_EQ(session, sessionOf(*pool.take().wait(waitScope)));
}

TEST_F(PgPoolTest, OpensAsManyAsItMay) {
  PgPool pool(loop, options(2));
  auto first = pool.take();
  auto second = pool.take();
  auto third = pool.take();
  auto lent = first.wait(waitScope);
  auto other = second.wait(waitScope);
  EXPECT_NE(sessionOf(*lent), sessionOf(*other));
  EXPECT_FALSE(third.poll(waitScope));
  auto session = sessionOf(*lent);
  lent = nullptr;
  EXPECT_EQ(session, sessionOf(*third.wait(waitScope)));
}

TEST_F(PgPoolTest, ServesThoseWhoWaitInTheirOrder) {
  PgPool pool(loop, options(1));
  auto lent = pool.take().wait(waitScope);
  auto first = pool.take();
  auto second = pool.take();
  lent = nullptr;
  lent = first.wait(waitScope);
  EXPECT_FALSE(second.poll(waitScope));
  lent = nullptr;
  second.wait(waitScope);
}

TEST_F(PgPoolTest, ADroppedPromiseWaitsNoLonger) {
  PgPool pool(loop, options(1));
  auto lent = pool.take().wait(waitScope);
  { auto dropped = pool.take(); }
  auto next = pool.take();
  lent = nullptr;
  next.wait(waitScope);
}

TEST_F(PgPoolTest, RefusesThoseWhoWaitPastTheLimit) {
  auto few = options(1);
  few.waitersMax = 1;
  PgPool pool(loop, kj::mv(few));
  auto lent = pool.take().wait(waitScope);
  auto waiting = pool.take();
  auto failure = refusal(pool.take());
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_TRUE(mentions(failure, "waitersMax"));
  lent = nullptr;
  waiting.wait(waitScope);
}

TEST_F(PgPoolTest, NobodyWaitsForEver) {
  auto hasty = options(1);
  hasty.waitMax = 1 * kj::MILLISECONDS;
  PgPool pool(loop, kj::mv(hasty));
  kj::Maybe<kj::Own<PgConnection>> lent;
  // The first of these may be in too much of a hurry for the connection to be opened.
  while (lent == nullptr) {
    kj::runCatchingExceptions([&]() { lent = pool.take().wait(waitScope); });
  }
  auto failure = refusal(pool.take());
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_TRUE(mentions(failure, "waitMax"));
}

TEST_F(PgPoolTest, SaysWhyThereIsNoConnectionInTime) {
  auto hasty = options(1);
  hasty.waitMax = 50 * kj::MILLISECONDS;
  hasty.where = kj::str("host=/nowhere user=troth");
  PgPool pool(loop, kj::mv(hasty));
  auto failure = refusal(pool.take());
  EXPECT_EQ(kj::Exception::Type::OVERLOADED, failure.getType());
  EXPECT_TRUE(mentions(failure, "waitMax"));
  EXPECT_TRUE(mentions(failure, "/nowhere"));
}

TEST_F(PgPoolTest, RollsBackWhatIsLeftOfATransaction) {
  PgPool pool(loop, options(1));
  auto lent = pool.take().wait(waitScope);
  lent->run({{BEGIN}}).wait(waitScope).takeResults();
  auto session = sessionOf(*lent);
  EXPECT_FALSE(lent->isSettled());
  lent = nullptr;
  lent = pool.take().wait(waitScope);
  EXPECT_TRUE(lent->isSettled());
  EXPECT_EQ(session, sessionOf(*lent));
}

TEST_F(PgPoolTest, LendsAConnectionOnlyWhenItsRunsAreDone) {
  query(*connect(), "CREATE TABLE mark (id int)");
  PgPool pool(loop, options(1));
  auto lent = pool.take().wait(waitScope);
  constexpr PgStatement MARK{nullptr, "INSERT INTO mark SELECT 1 FROM pg_sleep(0.05)"};
  { auto dropped = lent->run({{MARK}}); }
  lent = nullptr;
  lent = pool.take().wait(waitScope);
  EXPECT_TRUE(lent->isSettled());
  EXPECT_EQ(1, query(*lent, "SELECT count(*) FROM mark")[0].at(0, 0).asInt8());
}

TEST_F(PgPoolTest, SetsEachConnectionUpOnce) {
  auto careful = options(2);
  int calls = 0;
  careful.setUp = [&](PgConnection& connection) {
    ++calls;
    return connection.runScript("SET application_name = 'set up'").then([](PgOutcome outcome) {
      outcome.takeResults();
    });
  };
  PgPool pool(loop, kj::mv(careful));
  for (int i = 0; i < 3; ++i) {
    auto lent = pool.take().wait(waitScope);
    EXPECT_EQ("set up", textOf(query(*lent, "SHOW application_name")[0].at(0, 0)));
  }
  EXPECT_EQ(1, calls);
  auto one = pool.take().wait(waitScope);
  auto other = pool.take().wait(waitScope);
  EXPECT_EQ(2, calls);
}

TEST_F(PgPoolTest, ASetUpThatFailsIsToldToThoseWhoWait) {
  auto broken = options(1);
  int calls = 0;
  broken.setUp = [&](PgConnection&) -> kj::Promise<void> {
    ++calls;
    return KJ_EXCEPTION(FAILED, "the schema is newer than this program");
  };
  PgPool pool(loop, kj::mv(broken));
  auto failure = refusal(pool.take());
  EXPECT_EQ(kj::Exception::Type::FAILED, failure.getType());
  EXPECT_TRUE(mentions(failure, "newer"));
  EXPECT_EQ(1, calls);
}

TEST_F(PgPoolTest, TriesASetUpAgainThatMaySucceed) {
  auto patient = options(1);
  int calls = 0;
  patient.setUp = [&](PgConnection&) -> kj::Promise<void> {
    if (++calls < 3) return KJ_EXCEPTION(OVERLOADED, "not yet");
    return kj::READY_NOW;
  };
  PgPool pool(loop, kj::mv(patient));
  pool.take().wait(waitScope);
  EXPECT_EQ(3, calls);
}

TEST_F(PgPoolTest, ConnectsAgainWhenTheServerIsBack) {
  PgPool pool(loop, options(2));
  auto lent = pool.take().wait(waitScope);
  auto idleLost = pool.take().wait(waitScope)->whenLost();
  auto running = lent->run({{SLEEP}});
  sharedCluster().stop();
  EXPECT_EQ(PgCommit::IN_DOUBT, failureOf(kj::mv(running)).commit);
  lent = nullptr;
  idleLost.wait(waitScope);

  auto waiting = pool.take();
  EXPECT_FALSE(waiting.poll(waitScope));
  sharedCluster().start();
  lent = waiting.wait(waitScope);
  EXPECT_EQ(1, query(*lent, "SELECT 1")[0].at(0, 0).asInt4());
}

TEST_F(PgPoolTest, TellsWhyThereIsNoConnection) {
  auto lost = options(1);
  lost.where = kj::str("host=/nowhere user=troth");
  lost.reconnect.attemptsMax = 2;
  PgPool pool(loop, kj::mv(lost));
  auto failure = refusal(pool.take());
  EXPECT_EQ(kj::Exception::Type::DISCONNECTED, failure.getType());
  EXPECT_TRUE(mentions(failure, "/nowhere"));
}

TEST_F(PgPoolTest, WhoWaitsLearnsThatThePoolIsGone) {
  auto pool = kj::heap<PgPool>(loop, options(1));
  auto lent = pool->take().wait(waitScope);
  auto waiting = pool->take();
  pool = nullptr;
  EXPECT_TRUE(mentions(refusal(kj::mv(waiting)), "destroyed"));
  EXPECT_EQ(1, query(*lent, "SELECT 1")[0].at(0, 0).asInt4());
}

TEST_F(PgPoolTest, MayBeDestroyedWhileAConnectionSettles) {
  auto pool = kj::heap<PgPool>(loop, options(1));
  auto lent = pool->take().wait(waitScope);
  { auto dropped = lent->run({{BEGIN}, {SLEEP}}); }
  lent = nullptr;
  pool = nullptr;
}

}  // namespace
}  // namespace troth

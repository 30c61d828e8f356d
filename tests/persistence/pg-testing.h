#pragma once
// What the tests that need PostgreSQL share.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <troth/loop.h>

#include <string>

#include "pg-cluster.h"
#include "pg-connection.h"

namespace troth {

// The server that all tests of a program share. It runs whenever a test begins.
inline PgCluster& sharedCluster() {
  static PgCluster cluster;
  return cluster;
}

inline std::string textOf(PgValue value) {
  auto text = value.asText();
  return std::string(text.begin(), text.end());
}

inline bool mentions(const kj::Exception& exception, const char* words) {
  auto text = exception.getDescription();
  bool found = strstr(text.cStr(), words) != nullptr;
  if (!found) KJ_LOG(ERROR, "the exception does not mention", words, text);
  return found;
}

// Tests with a Loop, and a way to speak to the server.
class PgTest: public testing::Test {
public:
  ~PgTest() noexcept override {}

  kj::Own<PgConnection> connect() {
    return PgConnection::connect(loop, sharedCluster().where()).wait(waitScope);
  }

  // A statement without parameters, and what it gives. It must not fail.
  kj::Array<PgResult> query(PgConnection& connection, const char* sql) {
    PgStatement statement{nullptr, sql};
    return connection.run({{statement}}).wait(waitScope).takeResults();
  }

  // What a run failed with. It must fail.
  PgFailure failureOf(kj::Promise<PgOutcome> promise) {
    auto outcome = promise.wait(waitScope);
    return KJ_ASSERT_NONNULL(outcome.findFailure(), "the run did not fail").clone();
  }

  Loop loop;
  kj::WaitScope& waitScope = loop.waitScope();
};

}  // namespace troth

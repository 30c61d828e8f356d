#include "pg-failure.h"

#include <gtest/gtest.h>
#include <kj/debug.h>

namespace troth {
namespace {

using Type = kj::Exception::Type;

Type typeOf(kj::StringPtr sqlState) { return pgFailure(sqlState, "words").exception.getType(); }

TEST(PgFailure, ALostServerIsDisconnected) {
  for (auto state: {"08006", "08P01", "57P01", "57P02", "57P03"}) {
    EXPECT_EQ(Type::DISCONNECTED, typeOf(state)) << state;
  }
}

TEST(PgFailure, WhatMayPassIsOverloaded) {
  for (auto state: {"40001", "40P01", "53100", "53200", "53300", "55P03"}) {
    EXPECT_EQ(Type::OVERLOADED, typeOf(state)) << state;
  }
}

TEST(PgFailure, EverythingElseIsFailed) {
  for (auto state: {"23505", "25P02", "28P01", "40003", "42601", "57014", "XX000"}) {
    EXPECT_EQ(Type::FAILED, typeOf(state)) << state;
  }
}

TEST(PgFailure, SaysItsSqlState) {
  auto failure = pgFailure("23505", "duplicate key");
  EXPECT_EQ("duplicate key (SQLSTATE 23505)", failure.exception.getDescription());
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ("23505", KJ_ASSERT_NONNULL(failure.clone().sqlState));
}

TEST(PgFailure, FindsTheSqlStateOfARefusedConnection) {
  auto failure = pgConnectFailure(
      "connection to server on socket \"/run/x\" failed: "
      "FATAL:  53300: sorry, too many clients already\n"
      "LOCATION:  InitProcess, proc.c:358\n",
      Type::DISCONNECTED);
  EXPECT_EQ("53300", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(Type::OVERLOADED, failure.exception.getType());
  EXPECT_EQ(
      "connection to server on socket \"/run/x\" failed: "
      "FATAL:  53300: sorry, too many clients already (SQLSTATE 53300)",
      failure.exception.getDescription());
}

TEST(PgFailure, OfSeveralHostsTheLastDecides) {
  auto failure = pgConnectFailure(
      "\"a\" failed: FATAL:  57P03: the database system is starting up\n"
      "\"b\" failed: SCHWERWIEGEND:  28P01: Passwort\n",
      Type::DISCONNECTED);
  EXPECT_EQ("28P01", KJ_ASSERT_NONNULL(failure.sqlState));
  EXPECT_EQ(Type::FAILED, failure.exception.getType());
}

TEST(PgFailure, WithoutAnAnswerThereIsNoSqlState) {
  auto failure = pgConnectFailure("connection refused\n\tIs the server running?\n", Type::FAILED);
  EXPECT_TRUE(failure.sqlState == nullptr);
  EXPECT_EQ(Type::FAILED, failure.exception.getType());
  EXPECT_EQ("connection refused\n\tIs the server running?", failure.exception.getDescription());
}

}  // namespace
}  // namespace troth

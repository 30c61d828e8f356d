#include "pg-sql.h"

#include <kj/debug.h>
#include <kj/encoding.h>

namespace troth {
namespace {

// Of a value that has no NULL. Throws FAILED for a text that PostgreSQL cannot take.
PgParameter toParameter(const SqlValue& value) {
  KJ_SWITCH_ONEOF(value.get()) {
    KJ_CASE_ONEOF(null, decltype(nullptr)) return PgParameter::null(PgType::INFERRED);
    KJ_CASE_ONEOF(truth, bool) return PgParameter::inferred(truth ? "true" : "false");
    KJ_CASE_ONEOF(number, int64_t) return PgParameter::inferred(kj::str(number));
    KJ_CASE_ONEOF(number, double) return PgParameter::inferred(kj::str(number));
    KJ_CASE_ONEOF(text, kj::String) return PgParameter::inferred(text);
    KJ_CASE_ONEOF(bytes, kj::Array<const kj::byte>) return PgParameter::bytea(bytes);
  }
  KJ_UNREACHABLE;
}

kj::Array<const kj::byte> decodeBytea(kj::ArrayPtr<const char> text) {
  constexpr size_t PREFIX = 2;
  KJ_REQUIRE(text.size() >= PREFIX && text[0] == '\\' && text[1] == 'x',
      "PostgreSQL gives bytes in another format than asked for (bytea_output)");
  return kj::decodeHex(text.slice(PREFIX, text.size()));
}

SqlValue toValue(PgType type, kj::ArrayPtr<const char> text) {
  switch (type) {
    case PgType::INT2:
    case PgType::INT4:
    case PgType::INT8: return kj::heapString(text).parseAs<int64_t>();
    case PgType::FLOAT4:
    case PgType::FLOAT8: return kj::heapString(text).parseAs<double>();
    case PgType::BOOL: return text.size() == 1 && text[0] == 't';
    case PgType::BYTEA: return decodeBytea(text);
    default: return kj::heapString(text);
  }
}

bool isChange(kj::StringPtr command) {
  for (auto word: {"INSERT"_kj, "UPDATE"_kj, "DELETE"_kj, "MERGE"_kj}) {
    if (command.startsWith(word)) return true;
  }
  return false;
}

PgFailure failureOf(kj::Exception&& exception) {
  return {kj::mv(exception), nullptr, PgCommit::NONE};
}

// A parameter without a value, or the reverse, is a violation of the protocol to PostgreSQL, which
// does not end the session for it. Others do, and then the run is in doubt.
bool isWrongCount(const PgFailure& failure) {
  KJ_IF_MAYBE(state, failure.sqlState) {
    return *state == "08P01" && failure.commit == PgCommit::NONE;
  }
  return false;
}

// What a program is told of a statement that failed.
PgFailure toProgramsFailure(const PgFailure& failure, kj::StringPtr statement) {
  auto said = inStatement(statement, failure.exception);
  auto type = isWrongCount(failure) ? kj::Exception::Type::FAILED : said.getType();
  auto state = failure.sqlState.map([](auto& state) { return kj::str(state); });
  return {kj::Exception(type, said.getFile(), said.getLine(), kj::str(said.getDescription())),
      kj::mv(state), failure.commit};
}

}  // namespace

SqlRows readRows(const PgResult& result) {
  auto names = kj::heapArrayBuilder<kj::String>(result.columns());
  for (size_t column = 0; column < result.columns(); ++column) {
    names.add(kj::str(result.nameOf(column)));
  }
  SqlRowsBuilder rows(names.finish());
  for (size_t row = 0; row < result.rows(); ++row) {
    for (size_t column = 0; column < result.columns(); ++column) {
      auto value = result.at(row, column);
      KJ_IF_MAYBE(bytes, value.getBytes()) {
        rows.add(toValue(value.getType(), bytes->asChars()));
      } else {
        rows.add(nullptr);
      }
    }
  }
  return rows.finish(isChange(result.command()) ? result.affected() : 0);
}

kj::Promise<PgOutcome> PgSql::send(kj::StringPtr statement, kj::ArrayPtr<const SqlValue> values) {
  checkStatement(statement);
  KJ_REQUIRE(firstWordOf(statement) != "COPY", "COPY is not for a transaction of a store");
  ++statementsRun;
  PgStatement once{nullptr, statement.cStr()};
  auto parameters = KJ_MAP(value, values) { return toParameter(value); };
  PgExecution execution{once, kj::mv(parameters), PgExecution::Format::TEXT};
  return connection.run(kj::arrayPtr(&execution, 1));
}

kj::Promise<SqlRows> PgSql::runWith(kj::StringPtr statement, kj::Array<SqlValue> values) {
  KJ_IF_MAYBE(failure, state->failure) return kj::cp(failure->exception);
  return kj::evalNow([&]() { return send(statement, values); })
      .then([](PgOutcome&& outcome) { return kj::mv(outcome); },
          [](kj::Exception&& exception) { return PgOutcome(failureOf(kj::mv(exception))); })
      .then([statement = kj::str(statement), state = kj::addRef(*state)](
                PgOutcome&& outcome) mutable { return state->rowsOf(kj::mv(outcome), statement); });
}

SqlRows PgSql::State::rowsOf(PgOutcome&& outcome, kj::StringPtr statement) {
  kj::Maybe<SqlRows> rows;
  kj::Maybe<PgFailure> found = outcome.findFailure().map([](auto& f) { return f.clone(); });
  if (found == nullptr) {
    auto read = [&]() { rows = readRows(outcome.takeResults()[0]); };
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions(read)) found = failureOf(kj::mv(*exception));
  }
  KJ_IF_MAYBE(f, found) {
    auto told = toProgramsFailure(*f, statement);
    if (failure == nullptr) failure = told.clone();
    kj::throwFatalException(kj::mv(told.exception));
  }
  return kj::mv(KJ_ASSERT_NONNULL(rows));
}

}  // namespace troth

#include "pg-failure.h"

#include <kj/debug.h>
#include <kj/vector.h>
#include <string.h>

namespace troth {
namespace {

constexpr size_t SQL_STATE_SIZE = 5;

kj::Exception::Type typeOf(kj::StringPtr sqlState) {
  // Class 57, operator intervention, is taken apart: 57014 is a statement that was cancelled.
  for (auto prefix: {"08", "57P"}) {
    if (sqlState.startsWith(prefix)) return kj::Exception::Type::DISCONNECTED;
  }
  // Serialization failure, deadlock, insufficient resources, lock not available.
  for (auto prefix: {"40001", "40P01", "53", "55P03"}) {
    if (sqlState.startsWith(prefix)) return kj::Exception::Type::OVERLOADED;
  }
  return kj::Exception::Type::FAILED;
}

// The SQLSTATE in a verbose message: `FATAL:  53300: sorry, too many clients already`. The word
// before it is translated, the code is not. Of several, as when several hosts were tried, the last.
kj::Maybe<kj::StringPtr> findSqlState(const char* text) {
  kj::Maybe<kj::StringPtr> result;
  for (auto at = strstr(text, ":  "); at != nullptr; at = strstr(at + 1, ":  ")) {
    auto code = at + 3;
    if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQL_STATE_SIZE &&
        code[SQL_STATE_SIZE] == ':') {
      result = kj::StringPtr(code);
    }
  }
  return result;
}

// Without the place in PostgreSQL's source, which the verbose form adds, and the last line's end.
kj::String withoutLocation(kj::StringPtr text) {
  kj::Vector<char> result(text.size() + 1);
  while (text.size() > 0) {
    size_t end = text.findFirst('\n').orDefault(text.size());
    if (!text.startsWith("LOCATION:")) {
      if (result.size() > 0) result.add('\n');
      result.addAll(text.slice(0, end));
    }
    text = text.slice(kj::min(end + 1, text.size()));
  }
  result.add('\0');
  return kj::String(result.releaseAsArray());
}

}  // namespace

PgFailure PgFailure::clone() const {
  auto state = sqlState.map([](const kj::String& state) { return kj::str(state); });
  return {kj::cp(exception), kj::mv(state), commit};
}

PgFailure pgFailure(kj::StringPtr sqlState, kj::StringPtr text) {
  auto description = kj::str(text, " (SQLSTATE ", sqlState, ')');
  return {kj::Exception(typeOf(sqlState), __FILE__, __LINE__, kj::mv(description)),
      kj::str(sqlState), PgCommit::NONE};
}

PgFailure pgConnectFailure(kj::StringPtr text, kj::Exception::Type typeElse) {
  auto plain = withoutLocation(text);
  KJ_IF_MAYBE(state, findSqlState(text.cStr())) {
    return pgFailure(kj::heapString(state->begin(), SQL_STATE_SIZE), plain);
  }
  return {kj::Exception(typeElse, __FILE__, __LINE__, kj::mv(plain)), nullptr, PgCommit::NONE};
}

}  // namespace troth

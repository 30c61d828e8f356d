#include <kj/debug.h>

#include "backend.h"
#include "checks.h"
#include "micros.h"

namespace troth {

Cursor Cursor::after(const Record& record) { return {record.created, kj::str(record.id)}; }

Cursor Cursor::beforeAll() { return {fromMicros(-MICROS_MAX), kj::str("-")}; }

Cursor Cursor::parse(kj::StringPtr text) {
  KJ_IF_MAYBE(colon, text.findFirst(':')) {
    KJ_IF_MAYBE(micros, kj::str(text.slice(0, *colon)).tryParseAs<int64_t>()) {
      if (*micros >= -MICROS_MAX && *micros <= MICROS_MAX) {
        auto id = text.slice(*colon + 1);
        checkId(id);
        return {fromMicros(*micros), kj::str(id)};
      }
    }
  }
  KJ_FAIL_REQUIRE("this is not where a page starts; use Page::next of the page before", text);
}

kj::String Cursor::toText() const { return kj::str(toMicros(created), ':', id); }

}  // namespace troth

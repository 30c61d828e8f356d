#include "times.h"

#include <kj/debug.h>

#include <ctime>

namespace troth::command {
namespace {

struct Unit {
  kj::StringPtr name;
  kj::Duration size;
};

// From the smallest up.
const Unit UNITS[] = {{"ms"_kj, kj::MILLISECONDS}, {"s"_kj, kj::SECONDS}, {"m"_kj, kj::MINUTES},
    {"h"_kj, kj::HOURS}, {"d"_kj, kj::DAYS}};

// A hundred years: nothing that is written down here lasts longer.
constexpr auto DURATION_MAX = 36500 * kj::DAYS;

// Reads a text from its beginning to its end.
class Scanner {
public:
  explicit Scanner(kj::StringPtr text): rest(text) {}

  // A number of exactly so many digits.
  kj::Maybe<int64_t> number(size_t digits) {
    if (rest.size() < digits) return nullptr;
    int64_t result = 0;
    for (auto c: rest.slice(0, digits)) {
      if (c < '0' || c > '9') return nullptr;
      result = result * 10 + (c - '0');
    }
    rest = rest.slice(digits);
    return result;
  }

  kj::Maybe<int64_t> numberUpTo(size_t digits, int64_t max) {
    KJ_IF_MAYBE(n, number(digits)) {
      if (*n <= max) return *n;
    }
    return nullptr;
  }

  bool take(char c) {
    if (rest.size() == 0 || rest[0] != c) return false;
    rest = rest.slice(1);
    return true;
  }

  size_t digitsAhead() const {
    size_t count = 0;
    while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9') ++count;
    return count;
  }

  kj::StringPtr ahead() const { return rest; }

private:
  kj::StringPtr rest;
};

#define TAKE(name, value)     \
  int64_t name;               \
  KJ_IF_MAYBE(found, value) { \
    name = *found;            \
  } else                      \
    return nullptr

// Digits after a point, in nanoseconds; none if there is no point.
kj::Maybe<int64_t> scanFraction(Scanner& scanner) {
  if (!scanner.take('.')) return int64_t{0};
  auto digits = scanner.digitsAhead();
  if (digits < 1 || digits > 9) return nullptr;
  TAKE(fraction, scanner.number(digits));
  for (auto i = digits; i < 9; ++i) fraction *= 10;
  return fraction;
}

// Z, or hours and minutes ahead of UTC, in seconds.
kj::Maybe<int64_t> scanZone(Scanner& scanner) {
  if (scanner.take('Z')) return int64_t{0};
  int64_t sign = 1;
  if (scanner.take('-')) {
    sign = -1;
  } else if (!scanner.take('+')) {
    return nullptr;
  }
  TAKE(hours, scanner.numberUpTo(2, 23));
  scanner.take(':');
  TAKE(minutes, scanner.numberUpTo(2, 59));
  return sign * (hours * 60 + minutes) * 60;
}

// Nanoseconds since midnight UTC of the day that was named.
kj::Maybe<int64_t> scanTimeOfDay(Scanner& scanner) {
  TAKE(hours, scanner.numberUpTo(2, 23));
  if (!scanner.take(':')) return nullptr;
  TAKE(minutes, scanner.numberUpTo(2, 59));
  int64_t seconds = 0;
  int64_t fraction = 0;
  if (scanner.take(':')) {
    TAKE(s, scanner.numberUpTo(2, 59));
    TAKE(f, scanFraction(scanner));
    seconds = s;
    fraction = f;
  }
  TAKE(zone, scanZone(scanner));
  return (hours * 3600 + minutes * 60 + seconds - zone) * 1'000'000'000 + fraction;
}

// Midnight UTC, in seconds since 1970.
kj::Maybe<int64_t> scanDay(Scanner& scanner) {
  TAKE(year, scanner.number(4));
  if (year < 1970 || year > 2200 || !scanner.take('-')) return nullptr;
  TAKE(month, scanner.numberUpTo(2, 12));
  if (month < 1 || !scanner.take('-')) return nullptr;
  TAKE(day, scanner.numberUpTo(2, 31));
  std::tm parts{};
  parts.tm_year = static_cast<int>(year - 1900);
  parts.tm_mon = static_cast<int>(month - 1);
  parts.tm_mday = static_cast<int>(day);
  auto seconds = timegm(&parts);

  // A 31st of June has become another day.
  if (parts.tm_mday != day) return nullptr;
  return seconds;
}

#undef TAKE

std::tm partsOf(int64_t seconds) {
  time_t time = seconds;
  std::tm parts{};
  KJ_REQUIRE(gmtime_r(&time, &parts) != nullptr, "a time is out of range", seconds);
  return parts;
}

kj::String padded(int64_t number, size_t digits) {
  auto text = kj::str(number);
  auto zeros = kj::heapArray<char>(digits - kj::min(digits, text.size()));
  memset(zeros.begin(), '0', zeros.size());
  return kj::str(zeros, text);
}

kj::String formatWith(int64_t seconds, kj::StringPtr fraction) {
  auto parts = partsOf(seconds);
  return kj::str(padded(parts.tm_year + 1900, 4), '-', padded(parts.tm_mon + 1, 2), '-',
      padded(parts.tm_mday, 2), 'T', padded(parts.tm_hour, 2), ':', padded(parts.tm_min, 2), ':',
      padded(parts.tm_sec, 2), fraction, 'Z');
}

}  // namespace

kj::Maybe<kj::Duration> findDuration(kj::StringPtr text) {
  Scanner scanner(text);
  auto digits = scanner.digitsAhead();
  if (digits < 1 || digits > 15) return nullptr;
  auto number = KJ_ASSERT_NONNULL(scanner.number(digits));
  for (auto& unit: UNITS) {
    if (scanner.ahead() == unit.name) {
      if (number > DURATION_MAX / unit.size) return nullptr;
      return number * unit.size;
    }
  }
  return nullptr;
}

kj::Maybe<kj::Date> findDate(kj::StringPtr text) {
  Scanner scanner(text);
  KJ_IF_MAYBE(day, scanDay(scanner)) {
    auto midnight = kj::UNIX_EPOCH + *day * kj::SECONDS;
    if (scanner.ahead().size() == 0) return midnight;
    if (!scanner.take('T') && !scanner.take(' ')) return nullptr;
    KJ_IF_MAYBE(time, scanTimeOfDay(scanner)) {
      if (scanner.ahead().size() == 0) return midnight + *time * kj::NANOSECONDS;
    }
  }
  return nullptr;
}

kj::Maybe<Moment> findMoment(kj::StringPtr text) {
  KJ_IF_MAYBE(duration, findDuration(text)) return Moment(*duration);
  KJ_IF_MAYBE(date, findDate(text)) return Moment(*date);
  return nullptr;
}

kj::Date momentAfter(const Moment& moment, kj::Date now) {
  KJ_SWITCH_ONEOF(moment) {
    KJ_CASE_ONEOF(distance, kj::Duration) return now + distance;
    KJ_CASE_ONEOF(date, kj::Date) return date;
  }
  KJ_UNREACHABLE;
}

kj::Date momentBefore(const Moment& moment, kj::Date now) {
  KJ_SWITCH_ONEOF(moment) {
    KJ_CASE_ONEOF(distance, kj::Duration) return kj::max(now - distance, kj::UNIX_EPOCH);
    KJ_CASE_ONEOF(date, kj::Date) return date;
  }
  KJ_UNREACHABLE;
}

kj::String formatSeconds(kj::Date date) {
  return formatWith((date - kj::UNIX_EPOCH) / kj::SECONDS, "");
}

kj::String formatMicros(kj::Date date) {
  auto micros = (date - kj::UNIX_EPOCH) / kj::MICROSECONDS;
  return formatWith(micros / 1'000'000, kj::str('.', padded(micros % 1'000'000, 6)));
}

kj::String formatDuration(kj::Duration duration) {
  auto unit = &UNITS[0];
  for (auto& larger: UNITS) {
    if (duration >= larger.size) unit = &larger;
  }
  return kj::str(duration / unit->size, unit->name);
}

kj::String formatDistance(kj::Date date, kj::Date now) {
  if (date > now) return kj::str("in ", formatDuration(date - now));
  return kj::str(formatDuration(now - date), " ago");
}

}  // namespace troth::command

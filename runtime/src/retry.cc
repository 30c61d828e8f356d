#include <kj/debug.h>
#include <troth/retry.h>

#include <random>

namespace troth {
namespace {

class ThreadJitter final: public JitterSource {
public:
  double next() override { return distribution(engine); }

private:
  std::mt19937_64 engine{std::random_device{}()};
  std::uniform_real_distribution<double> distribution{0, 1};
};

}  // namespace

bool isRetryable(const kj::Exception& exception) {
  return exception.getType() == kj::Exception::Type::OVERLOADED ||
      exception.getType() == kj::Exception::Type::DISCONNECTED;
}

RetryBudget::RetryBudget(RetryBudgetOptions options): options(options), left(options.most) {}

RetryBudget& RetryBudget::current() {
  static thread_local RetryBudget budget;
  return budget;
}

void RetryBudget::add() { left = kj::min(left + options.perCall, options.most); }

bool RetryBudget::take(kj::TimePoint now) {
  auto since = now - lastTaken.orDefault(now);
  // Two timers may share a budget, and need not agree.
  auto seconds = kj::max(0.0, double(since / kj::NANOSECONDS) / 1e9);
  left = kj::min(left + seconds * options.perSecond, options.most);
  lastTaken = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

namespace _ {

JitterSource& threadJitter() {
  static thread_local ThreadJitter jitter;
  return jitter;
}

JitteredDelay::JitteredDelay(kj::Duration first, kj::Duration most, kj::Maybe<JitterSource&> jitter)
    : below(kj::min(first, most)), most(most), jitter(jitter) {}

kj::Duration JitteredDelay::next() {
  auto part = jitter.orDefault(threadJitter()).next();
  auto delay = int64_t((below / kj::NANOSECONDS) * part) * kj::NANOSECONDS;
  below = below > most / 2 ? most : below * 2;
  return delay;
}

Backoff::Backoff(kj::Timer& timer, RetryPolicy policyParam)
    : timer(timer),
      policy(kj::mv(policyParam)),
      end(timer.now() + policy.timeMax),
      delay(policy.delayFirst, policy.delayMax, policy.jitter) {
  KJ_REQUIRE(policy.attemptsMax > 0, "a RetryPolicy must allow one attempt");
  getBudget().add();
}

kj::Maybe<kj::Promise<void>> Backoff::afterFailure(kj::Exception& failure) {
  if (!isRetryable(failure)) return nullptr;
  auto giveUp = [&](kj::StringPtr limit) {
    failure.setDescription(kj::str(failure.getDescription(), " (gave up after ", attempts,
        attempts == 1 ? " attempt" : " attempts", ": limit ", limit, ')'));
    return nullptr;
  };
  if (++attempts >= policy.attemptsMax) return giveUp("attemptsMax");
  auto wait = delay.next();
  auto now = timer.now();
  if (now + wait > end) return giveUp("timeMax");
  if (!getBudget().take(now)) return giveUp("retryBudget");
  if (wait == 0 * kj::SECONDS) return kj::Promise<void>(kj::READY_NOW);
  return timer.afterDelay(wait);
}

}  // namespace _
}  // namespace troth

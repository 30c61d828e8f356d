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

JitterSource& threadJitter() {
  static thread_local ThreadJitter jitter;
  return jitter;
}

kj::Exception gaveUp(kj::Exception&& failure, kj::uint attempts, kj::StringPtr limit) {
  failure.setDescription(kj::str(
      failure.getDescription(), " (gave up after ", attempts, " attempts: limit ", limit, ')'));
  return kj::mv(failure);
}

}  // namespace

bool isRetryable(const kj::Exception& exception) {
  return exception.getType() == kj::Exception::Type::OVERLOADED ||
      exception.getType() == kj::Exception::Type::DISCONNECTED;
}

namespace _ {

Backoff::Backoff(kj::Timer& timer, RetryPolicy policyParam)
    : timer(timer),
      policy(kj::mv(policyParam)),
      end(timer.now() + policy.budget),
      delayBelow(kj::min(policy.delayFirst, policy.delayMax)) {
  KJ_REQUIRE(policy.attemptsMax > 0, "a RetryPolicy must allow one attempt");
}

kj::Promise<void> Backoff::afterFailure(kj::Exception&& failure) {
  ++attempts;
  if (!isRetryable(failure)) return kj::mv(failure);
  if (attempts >= policy.attemptsMax) return gaveUp(kj::mv(failure), attempts, "attemptsMax");

  auto& jitter = policy.jitter.orDefault(threadJitter());
  auto delay = int64_t((delayBelow / kj::NANOSECONDS) * jitter.next()) * kj::NANOSECONDS;
  delayBelow = delayBelow > policy.delayMax / 2 ? policy.delayMax : delayBelow * 2;
  if (timer.now() + delay > end) return gaveUp(kj::mv(failure), attempts, "budget");
  return timer.afterDelay(delay);
}

}  // namespace _
}  // namespace troth

#include "uv-timer.h"

#include <kj/refcount.h>
#include <map>

namespace troth {
namespace {

// The first of libuv's milliseconds, counted on the same clock, that does not lie before `time`.
uint64_t millisecondNotBefore(kj::TimePoint time) {
  auto sinceOrigin = time - kj::origin<kj::TimePoint>();
  if (sinceOrigin <= 0 * kj::NANOSECONDS) return 0;
  return (sinceOrigin - 1 * kj::NANOSECONDS) / kj::MILLISECONDS + 1;
}

}  // namespace

// Pending timers share it, so that one which outlives its Loop finds something to leave.
struct UvTimer::State final: public kj::Refcounted {
  using Queue = std::multimap<kj::TimePoint, Pending*>;

  explicit State(LoopPort& port)
      : port(port),
        pollSeen(port.pollCount()),
        time(readClock()),
        timer(port.handles(), this,
            [&](uv_timer_t* raw) { return uv_timer_init(&port.uv(), raw); }) {}

  kj::TimePoint now();
  Queue::iterator add(kj::TimePoint deadline, Pending& pending);
  void remove(Queue::iterator position);
  void arm();
  void fire();

  LoopPort& port;
  uint64_t pollSeen;
  kj::TimePoint time;
  UvHandle<uv_timer_t> timer;
  Queue queue;
};

// One promise. It leaves the queue when it is fulfilled or dropped, whichever comes first.
class UvTimer::Pending {
public:
  Pending(kj::PromiseFulfiller<void>& fulfiller, State& state, kj::TimePoint deadline)
      : fulfiller(fulfiller), state(kj::addRef(state)), position(state.add(deadline, *this)) {}
  ~Pending() noexcept(false) {
    if (queued) state->remove(position);
  }

  void fire() {
    state->queue.erase(position);
    queued = false;
    fulfiller.fulfill();
  }

private:
  kj::PromiseFulfiller<void>& fulfiller;
  kj::Own<State> state;
  State::Queue::iterator position;
  bool queued = true;
};

kj::TimePoint UvTimer::State::now() {
  if (pollSeen != port.pollCount()) {
    pollSeen = port.pollCount();
    time = readClock();
  }
  return time;
}

UvTimer::State::Queue::iterator UvTimer::State::add(kj::TimePoint deadline, Pending& pending) {
  auto position = queue.emplace(deadline, &pending);
  if (position == queue.begin()) arm();
  return position;
}

// Leaves libuv's timer set if others wait: that it fires once for nothing is cheaper than setting
// it anew each time.
void UvTimer::State::remove(Queue::iterator position) {
  queue.erase(position);
  if (queue.empty() && timer.isOpen()) uv_timer_stop(&timer.get());
}

void UvTimer::State::arm() {
  uint64_t due = millisecondNotBefore(queue.begin()->first);
  uint64_t start = uv_now(&port.uv());
  auto callback = [](uv_timer_t* raw) {
    auto& state = *static_cast<State*>(raw->data);
    state.port.guard([&]() { state.fire(); });
  };
  uv_timer_start(&timer.get(), callback, due > start ? due - start : 0, 0);
}

void UvTimer::State::fire() {
  time = readClock();
  while (!queue.empty() && queue.begin()->first <= time) queue.begin()->second->fire();
  if (!queue.empty()) arm();
}

kj::TimePoint UvTimer::readClock() {
  return kj::origin<kj::TimePoint>() + uv_hrtime() * kj::NANOSECONDS;
}

UvTimer::UvTimer(LoopPort& port): state(kj::refcounted<State>(port)) {}
UvTimer::~UvTimer() noexcept(false) {}

kj::TimePoint UvTimer::now() const { return const_cast<State&>(*state).now(); }

kj::Promise<void> UvTimer::atTime(kj::TimePoint time) {
  return kj::newAdaptedPromise<void, Pending>(*state, time);
}

kj::Promise<void> UvTimer::afterDelay(kj::Duration delay) { return atTime(readClock() + delay); }

}  // namespace troth

#include <kj/debug.h>
#include <troth/output-gate.h>

#include <algorithm>

namespace troth {

OutputGate::~OutputGate() noexcept(false) {
  KJ_ASSERT(queues.empty() && holds.empty() && holdsOfCalls.empty(),
      "an output gate is gone before those who use it");
}

kj::Own<OutputGate::Hold> OutputGate::hold(What what) {
  (what == What::MESSAGES ? holds : holdsOfCalls).insert(++holdsTaken);
  return kj::heap<Hold>(*this, what, holdsTaken);
}

bool OutputGate::hasWaiting() const {
  for (auto queue: queues) {
    if (!queue->waiting.empty()) return true;
  }
  return false;
}

kj::Promise<void> OutputGate::whenOpen(What kind) {
  if (isReady(kind)) return kj::READY_NOW;
  auto paf = kj::newPromiseAndFulfiller<void>();
  waiters.push_back({kind, holdsTaken, kj::mv(paf.fulfiller)});
  return kj::mv(paf.promise);
}

void OutputGate::release(const Hold& hold) {
  auto& all = hold.what == What::MESSAGES ? holds : holdsOfCalls;
  bool first = *all.begin() == hold.number;
  all.erase(hold.number);
  if (!first) return;
  std::erase_if(waiters, [this](Waiter& waiter) {
    bool ready = isReady(waiter.kind, waiter.stamp);
    if (ready) waiter.fulfiller->fulfill();
    return ready;
  });
  for (auto queue: queues) queue->sendReady();
}

void OutputGate::discard(kj::Own<Hold> hold, const kj::Exception& reason) {
  std::erase_if(waiters, [&](Waiter& waiter) {
    bool waitsForIt = hold->delays(waiter.kind, waiter.stamp);
    if (waitsForIt) waiter.fulfiller->reject(kj::cp(reason));
    return waitsForIt;
  });
  for (auto queue: queues) queue->discardSince(*hold, reason);
}

OutputGate::Queue::Queue(OutputGate& gate, kj::Function<void(const kj::Exception&)> breakLink)
    : gate(gate), breakLink(kj::mv(breakLink)) {
  gate.queues.insert(this);
}
OutputGate::Queue::~Queue() noexcept(false) { gate.queues.erase(this); }

void OutputGate::Queue::add(What kind, kj::Function<void()> send) {
  waiting.push_back({kind, gate.holdsTaken, kj::mv(send)});
}

void OutputGate::Queue::sendReady() {
  while (!waiting.empty() && gate.isReady(waiting.front().kind, waiting.front().stamp)) {
    auto message = kj::mv(waiting.front());
    waiting.pop_front();
    message.send();
  }
}

void OutputGate::Queue::discardSince(const Hold& hold, const kj::Exception& reason) {
  bool mayTell = std::any_of(waiting.begin(), waiting.end(),
      [&](const Message& message) { return hold.delays(message.kind, message.stamp); });
  if (!mayTell) return;
  auto discarded = kj::mv(waiting);
  waiting.clear();
  breakLink(reason);
}

}  // namespace troth

#include <kj/debug.h>
#include <troth/output-gate.h>

namespace troth {

OutputGate::~OutputGate() noexcept(false) {
  KJ_ASSERT(queues.empty() && holds.empty(), "an output gate is gone before those who use it");
}

kj::Own<OutputGate::Hold> OutputGate::hold() {
  holds.insert(++holdsTaken);
  return kj::heap<Hold>(*this, holdsTaken);
}

bool OutputGate::hasWaiting() const {
  for (auto queue: queues) {
    if (!queue->waiting.empty()) return true;
  }
  return false;
}

kj::Promise<void> OutputGate::whenOpen() {
  if (isOpen()) return kj::READY_NOW;
  auto paf = kj::newPromiseAndFulfiller<void>();
  waiters.push_back({holdsTaken, kj::mv(paf.fulfiller)});
  return kj::mv(paf.promise);
}

void OutputGate::release(uint64_t hold) {
  bool first = *holds.begin() == hold;
  holds.erase(hold);
  if (!first) return;
  while (!waiters.empty() && isReady(waiters.front().stamp)) {
    waiters.front().fulfiller->fulfill();
    waiters.pop_front();
  }
  for (auto queue: queues) queue->sendReady();
}

void OutputGate::discard(kj::Own<Hold> hold, const kj::Exception& reason) {
  while (!waiters.empty() && waiters.back().stamp >= hold->number) {
    waiters.back().fulfiller->reject(kj::cp(reason));
    waiters.pop_back();
  }
  for (auto queue: queues) queue->discardSince(hold->number, reason);
}

OutputGate::Queue::Queue(OutputGate& gate, kj::Function<void(const kj::Exception&)> breakLink)
    : gate(gate), breakLink(kj::mv(breakLink)) {
  gate.queues.insert(this);
}
OutputGate::Queue::~Queue() noexcept(false) { gate.queues.erase(this); }

void OutputGate::Queue::add(kj::Function<void()> send) {
  waiting.push_back({gate.holdsTaken, kj::mv(send)});
}

void OutputGate::Queue::sendReady() {
  while (!waiting.empty() && gate.isReady(waiting.front().stamp)) {
    auto message = kj::mv(waiting.front());
    waiting.pop_front();
    message.send();
  }
}

void OutputGate::Queue::discardSince(uint64_t hold, const kj::Exception& reason) {
  if (waiting.empty() || waiting.back().stamp < hold) return;
  auto discarded = kj::mv(waiting);
  waiting.clear();
  breakLink(reason);
}

}  // namespace troth

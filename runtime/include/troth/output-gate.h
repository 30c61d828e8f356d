#pragma once
// An OutputGate keeps what a vat says from leaving it before the records it depends on are
// committed.
//
// Work inside a vat may run ahead of the disk. Whoever lets it takes a hold; messages that are made
// while there are holds wait until all of those are gone, in their order. Holds that are taken
// later do not delay them.
//
// Used by one thread.

#include <kj/async.h>
#include <kj/function.h>
#include <kj/memory.h>

#include <cstdint>
#include <deque>
#include <set>

namespace troth {

class OutputGate {
public:
  class Hold;

  OutputGate() = default;
  ~OutputGate() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(OutputGate);

  // Ends when it is dropped. It must not outlive the gate.
  kj::Own<Hold> hold();

  bool isOpen() const { return holds.empty(); }

  // Whether a message waits.
  bool hasWaiting() const;

  // Resolves when all holds that there are now are gone: at once if there are none.
  kj::Promise<void> whenOpen();

  // One link's messages, which it sends itself.
  class Queue {
  public:
    explicit Queue(OutputGate& gate);
    ~Queue() noexcept(false);
    KJ_DISALLOW_COPY_AND_MOVE(Queue);

    // Whether a message that is made now has to wait.
    bool mustWait() const { return !waiting.empty() || !gate.isOpen(); }
    void add(kj::Function<void()> send);

  private:
    friend class OutputGate;
    struct Message {
      uint64_t stamp;
      kj::Function<void()> send;
    };

    OutputGate& gate;
    std::deque<Message> waiting;

    void sendReady();
  };

private:
  uint64_t holdsTaken = 0;
  std::set<uint64_t> holds;
  std::set<Queue*> queues;

  struct Waiter {
    uint64_t stamp;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };
  std::deque<Waiter> waiters;

  // Whether the holds that were there when it was `stamp` are gone.
  bool isReady(uint64_t stamp) const { return holds.empty() || *holds.begin() > stamp; }
  void release(uint64_t hold);
};

class OutputGate::Hold {
public:
  ~Hold() noexcept(false) { gate.release(number); }
  KJ_DISALLOW_COPY_AND_MOVE(Hold);
  Hold(OutputGate& gate, uint64_t number): gate(gate), number(number) {}

private:
  OutputGate& gate;
  uint64_t number;
};

}  // namespace troth

#pragma once
// An OutputGate keeps what a vat says from leaving it before the records it depends on are
// committed.
//
// Work inside a vat may run ahead of the disk. Whoever lets it takes a hold; messages that are made
// while there are holds wait until all of those are gone, in their order. Holds that are taken
// later do not delay them. If a record comes to something else than was assumed, the messages that
// may tell of it never leave: the links that they wait for are ended instead.
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

  // Resolves when all holds that there are now are gone: at once if there are none. Breaks if one
  // of them is discarded.
  kj::Promise<void> whenOpen();

  // Ends `hold`, and takes back what was said since it began. Links that have such messages lose
  // all that wait, and break with `reason`.
  void discard(kj::Own<Hold> hold, const kj::Exception& reason);

  // One link's messages, which it sends itself.
  class Queue {
  public:
    // Calls `breakLink` when messages were discarded. Nothing may be sent over the link any more.
    Queue(OutputGate& gate, kj::Function<void(const kj::Exception&)> breakLink);
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
    kj::Function<void(const kj::Exception&)> breakLink;
    std::deque<Message> waiting;

    void sendReady();
    void discardSince(uint64_t hold, const kj::Exception& reason);
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
  friend class OutputGate;

  OutputGate& gate;
  uint64_t number;
};

}  // namespace troth

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
  // Whether all messages have to wait, or only those that ask a peer for something, and what is
  // behind them.
  enum class What { MESSAGES, CALLS };

  class Hold;

  OutputGate() = default;
  ~OutputGate() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(OutputGate);

  // Ends when it is dropped. It must not outlive the gate.
  kj::Own<Hold> hold(What what = What::MESSAGES);

  // Whether there are no holds of all messages.
  bool isOpen() const { return holds.empty(); }

  // Whether a message waits.
  bool hasWaiting() const;

  // Resolves when all holds that there are now of messages of this kind are gone: at once if there
  // are none. Breaks if one of them is discarded.
  kj::Promise<void> whenOpen(What kind = What::MESSAGES);

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

    // Whether a message of this kind that is made now has to wait.
    bool mustWait(What kind) const { return !waiting.empty() || !gate.isReady(kind); }
    void add(What kind, kj::Function<void()> send);

  private:
    friend class OutputGate;
    struct Message {
      What kind;
      uint64_t stamp;
      kj::Function<void()> send;
    };

    OutputGate& gate;
    kj::Function<void(const kj::Exception&)> breakLink;
    std::deque<Message> waiting;

    void sendReady();
    void discardSince(const Hold& hold, const kj::Exception& reason);
  };

private:
  uint64_t holdsTaken = 0;
  std::set<uint64_t> holds;
  std::set<uint64_t> holdsOfCalls;
  std::set<Queue*> queues;

  struct Waiter {
    What kind;
    uint64_t stamp;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };
  std::deque<Waiter> waiters;

  // Whether the holds that were there when it was `stamp` are gone.
  static bool areGone(const std::set<uint64_t>& holds, uint64_t stamp) {
    return holds.empty() || *holds.begin() > stamp;
  }

  // Whether a message of this kind that was made then may leave.
  bool isReady(What kind, uint64_t stamp) const {
    return areGone(holds, stamp) && (kind == What::MESSAGES || areGone(holdsOfCalls, stamp));
  }
  bool isReady(What kind) const { return isReady(kind, holdsTaken); }
  void release(const Hold& hold);
};

class OutputGate::Hold {
public:
  // Whether messages of that kind wait for it that were made when it was `stamp`.
  bool delays(What kind, uint64_t stamp) const {
    return stamp >= number && (what == What::MESSAGES || kind == What::CALLS);
  }

  ~Hold() noexcept(false) { gate.release(*this); }
  KJ_DISALLOW_COPY_AND_MOVE(Hold);
  Hold(OutputGate& gate, What what, uint64_t number): gate(gate), what(what), number(number) {}

private:
  friend class OutputGate;

  OutputGate& gate;
  What what;
  uint64_t number;
};

}  // namespace troth

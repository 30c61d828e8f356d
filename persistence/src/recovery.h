#pragma once
// Recovery takes up durable calls that nobody works on: those that were left pending by this vat
// before it died or by others, and those that are to be tried again.

#include <kj/function.h>
#include <kj/timer.h>
#include <troth/durability.h>
#include <troth/store.h>

namespace troth {

class Recovery {
public:
  struct Options {
    Store& store;
    ObjectHost& host;
    kj::Timer& timer;

    // Calls that are taken up and busy at once.
    uint32_t recoveringMax;
  };

  // While it is there, a call that was taken up counts as one that is busy. Lives no longer than
  // the Recovery.
  class Slot {
  public:
    explicit Slot(Recovery& recovery): recovery(recovery) { ++recovery.busy; }
    ~Slot() noexcept(false);
    KJ_DISALLOW_COPY_AND_MOVE(Slot);

  private:
    Recovery& recovery;
  };

  // A call that was claimed, with a lease that was asked for at `leased`.
  using TakeUp = kj::Function<void(Claimed claimed, kj::TimePoint leased, kj::Own<Slot> slot)>;

  // How many more calls the vat can run.
  using Room = kj::Function<uint32_t()>;

  Recovery(Options options, kj::Function<LeaseRequest()> newLease, Room room, TakeUp takeUp)
      : options(options), newLease(kj::mv(newLease)), room(kj::mv(room)), takeUp(kj::mv(takeUp)) {}
  KJ_DISALLOW_COPY_AND_MOVE(Recovery);

  // Claims calls for what the vat serves whenever they are due, for ever.
  kj::Promise<void> run();

  // Gives back what vats hold that are certainly gone: nobody needs to wait for those leases.
  kj::Promise<void> giveBackForTheGone();

private:
  Options options;
  kj::Function<LeaseRequest()> newLease;
  Room room;
  TakeUp takeUp;
  uint32_t busy = 0;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> whenRoom;

  kj::Promise<void> claimSome();
};

}  // namespace troth

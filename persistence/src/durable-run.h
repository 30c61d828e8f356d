#pragma once
// A DurableRun is one start of the code of a durable call in this vat, from then until the outcome
// is recorded, here or by another vat.

#include <kj/refcount.h>
#include <kj/time.h>
#include <troth/durability.h>
#include <troth/retry.h>
#include <troth/store.h>

#include <list>

#include "child-records.h"
#include "exposure.h"
#include "happening.h"
#include "open-parts.h"
#include "open-work.h"
#include "recorded-message.h"

namespace troth {

// What the main object of a vat is called in records, where a target has a name.
constexpr kj::StringPtr MAIN_OBJECT = "/"_kj;

// What a durable call asks for, as it is recorded.
struct Asked {
  kj::String id;
  CallRequest call;
  kj::Maybe<kj::String> parent;
  kj::Maybe<kj::Date> deadline;

  // When it was asked for, if it was here: what was recorded before was recorded for somebody else.
  kj::Maybe<kj::Date> since;

  Asked clone() const {
    return {
        kj::str(id), call.clone(), parent.map([](auto& p) { return kj::str(p); }), deadline, since};
  }
};

class DurableRun;

// What a run needs of the vat, and whom it tells.
class RunOwner {
public:
  virtual Store& getStore() = 0;
  virtual ObjectHost& getHost() = 0;
  virtual kj::Timer& getTimer() = 0;
  virtual const DurableOptions& getOptions() const = 0;
  virtual JitterSource& getJitter() = 0;
  virtual kj::StringPtr getName() const = 0;
  virtual Exposures& getExposures() = 0;

  // A run is there until it is gone. Those that are there when the owner goes, it abandons.
  virtual void isThere(DurableRun& run) = 0;
  virtual void isGone(DurableRun& run) = 0;

  // The run is over; another one with its id may start.
  virtual void ended(DurableRun& run) = 0;

  // Whether the lease that `record` shows is this vat's, and one that it works under.
  virtual bool isOurs(const Record& record) const = 0;

  // The run works no longer under the lease of `epoch`, and no other may, though it may last.
  virtual void leftLease(DurableRun& run, uint64_t epoch) = 0;

  // It waits for something that may take long.
  virtual void waits(DurableRun& run) = 0;

  // The run with that id, if there is one, may have used what does not stand.
  virtual void startOver(kj::StringPtr id) = 0;

  // The call could not be recorded, and its callers may not be told why: links are ended over which
  // something waited for that.
  virtual void refusedUntold(kj::StringPtr id) = 0;

  // The call is over, and not by its own run: what it has asked of others is of no use any more.
  virtual void abandonChildren(const Record& record) = 0;

  // Drops `promises`, and then `run`, where none of them can be running: in this turn or the next.
  virtual void dropLater(kj::Vector<kj::Promise<void>> promises, kj::Own<DurableRun> run) = 0;

  // Goes on with `task`.
  virtual void goOn(kj::Promise<void> task) = 0;

  LeaseRequest newLease() const { return {kj::str(getName()), getOptions().lease}; }

protected:
  ~RunOwner() = default;
};

class DurableRun final: public kj::Refcounted {
public:
  DurableRun(RunOwner& owner, Asked asked);
  ~DurableRun() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(DurableRun);

  const Asked& getAsked() const { return asked; }

  // What makes the record of a call, in a vat with `options`.
  static CreateRequest creationOf(const Asked& asked, const DurableOptions& options);

  // Starts the code before the call is recorded.
  void startAhead(kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params);

  // Starts it under a lease: that of `record`, which was asked for at `leased`. If it has run
  // before, what was recorded then is read first.
  void startHeld(const Record& record, kj::TimePoint leased, kj::Own<capnp::ClientHook> object,
      kj::Own<_::Message> params);

  // The same for a call that nobody here has made: object and parameters are those of the record.
  // Its last start may have been what its vat died of, unless that is known to be `SURVIVED`.
  enum class LastStart { SURVIVED, UNKNOWN };
  void recover(Claimed claimed, kj::TimePoint leased, LastStart lastStart);

  // Resolves when the outcome is known in this vat; then getKnown() gives it, or throws it.
  kj::Promise<void> whenKnown() { return known.when(); }
  kj::Own<_::Message> getKnown();

  // The outcome is used before it is recorded, unless this gives false: then it may be another one.
  bool expose();

  // Breaks with DISCONNECTED if it does not stand although it was exposed, or if nobody here knows.
  kj::Promise<void> whenTakenBack();
  bool isTakenBack() const { return exposure.isTakenBack(); }

  // Resolves when it is recorded; then getRecorded() gives what stands, or throws it.
  kj::Promise<void> whenRecorded() { return recorded.when(); }
  kj::Own<_::Message> getRecorded();

  // Resolves when the call itself is recorded, so that it may have children.
  kj::Promise<void> whenHeld() { return held.when(); }
  bool isHeld() const { return phase == Phase::HELD; }

  // Resolves when nothing is done here any more.
  kj::Promise<void> whenOver() { return over.when(); }

  // Renews the lease if it is time to, and loses it if it may be over before the next look.
  void keepLease();

  // Stops the code, and leaves the call to its record, if it has waited for its parts for so long.
  // All who wait get what will be recorded.
  void parkIfItWaits();

  // The call has settled elsewhere: the code stops.
  void conclude(Record record);

  // Stops the code, because the lease is over or may be. The outcome will be what is recorded.
  void lose();

  // Stops the code, because it may have used what does not stand: it runs again, here or elsewhere.
  void startOver();

  // Stops the code and gives the lease back, so that another vat goes on at once. All who wait are
  // to ask again.
  kj::Promise<void> giveBack();

  // Stops the code, and breaks all who wait.
  void abandon(const kj::Exception& reason);

private:
  // AHEAD: the code runs, the call is not recorded. RECORDING: that is under way. HELD: it is, and
  // the lease is ours. OVER: nothing is done here any more.
  enum class Phase { AHEAD, RECORDING, HELD, OVER };
  enum class Renewal { NONE, UNDER_WAY };
  enum class Owned { YES, ABANDONED };

  // Whether this start ends when its code does, or before, because a part of it did.
  enum class Ending { BY_CODE, BY_PART };

  // How the outcome is recorded: together with its call and with all that is recorded in the rest
  // of this turn, or by itself.
  enum class Way { WITH_WHAT_COMES, ALONE };
  class Context;

  RunOwner& owner;
  Asked asked;
  Owned owned = Owned::YES;
  Phase phase = Phase::AHEAD;
  uint64_t epoch = 0;

  // Whether no other start can have recorded anything.
  bool isFirst = true;

  // Whether a step was written in this turn: what is written now is recorded together with it.
  bool hasJustWritten = false;
  uint32_t version;
  kj::TimePoint leaseEnd = kj::origin<kj::TimePoint>();
  Renewal renewal = Renewal::NONE;
  Ending ending = Ending::BY_CODE;
  Way way = Way::ALONE;
  kj::Own<Context> context;

  // What the method writes, what it breaks with, what is to be recorded of that, and what is.
  kj::Own<_::Message> results = kj::heap<_::Message>();
  kj::Maybe<kj::Exception> failure;
  kj::Maybe<Settlement> outcome;
  kj::Maybe<Record> standing;

  Happening known;
  Happening recorded;
  Happening held;
  Happening over;

  // While nothing that the code says may leave the vat, and nobody may who knows the outcome.
  kj::Maybe<kj::Own<OutputGate::Hold>> ahead;
  Exposure exposure;

  // While the code knows what came of a step that is not recorded.
  Exposure stepsAhead;
  uint64_t takenBackBefore;
  uint64_t outcomesTakenBackBefore;
  uint64_t callsBefore = 0;

  uint32_t childrenAsked = 0;
  ChildRecords children;

  // Durable calls of the method, and records of steps, that are under way.
  kj::Own<OpenParts> parts = kj::refcounted<OpenParts>();
  OpenWork openCalls;
  OpenWork openWrites;
  std::list<kj::Own<_::PendingCall>> callsOpen;
  kj::Vector<kj::Promise<void>> calls;

  // Whether the rest is left to the start that comes after parking.
  enum class Left { NOTHING, ALL } left = Left::NOTHING;

  // Since when the parts are the same, as far as was looked.
  uint64_t changesSeen = 0;
  kj::TimePoint waitsSince = kj::origin<kj::TimePoint>();

  kj::Promise<void> work = kj::READY_NOW;
  kj::Promise<void> writing = kj::READY_NOW;

  // Ends what is so only for the rest of a turn, before the store sends what was asked in it.
  kj::Promise<void> turnEnds = kj::READY_NOW;
  kj::Promise<void> watching = kj::READY_NOW;

  bool isOwn(const Record& record) const;
  bool isMadeForThis(const Record& record) const;
  void takeBack();
  bool isOver() const { return phase == Phase::OVER; }
  kj::Maybe<kj::TimePoint> deadline();
  bool hasTimedOut();
  uint32_t tries() const { return triesOf(epoch); }
  kj::Duration retryDelay();

  // ---- The code ----

  void run(kj::Promise<void> code);
  bool mayStartAgain(const kj::Exception& problem);
  kj::Promise<void> startAgainLater(kj::Exception problem);
  void hold(const Record& record, kj::TimePoint leased);
  kj::Promise<void> runCode(kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params);
  kj::Promise<void> runAgain(kj::Own<capnp::ClientHook> object, kj::Own<_::Message> params);
  kj::Promise<void> restoreAndRun(CallRequest call, LastStart lastStart);
  kj::Promise<void> readChildren();
  kj::Promise<void> finish();
  bool hasSaidNothing();
  kj::Promise<Settlement> settlementOfResults();

  // ---- Its record ----

  CreateRequest creation() const { return creationOf(asked, owner.getOptions()); }
  kj::Promise<Record> create(CreateRequest request);
  kj::Promise<void> record();
  kj::Promise<void> recordOutcome(kj::Promise<void> usedIsRecorded);
  kj::Promise<void> recordWithOutcome();
  kj::Promise<void> settleHeld();
  kj::Promise<void> tryAgainLater();
  kj::Promise<void> release(kj::Duration delay);
  kj::Promise<void> renew();
  void accept(const Record& record, kj::TimePoint leased);
  void watch();
  void stop();
  void refuse(kj::Exception exception);
  void discardAhead();

  // ---- Parking ----

  bool mayPark();
  kj::Duration timeToPark();
  kj::Promise<bool> areCallsHere();
  kj::Promise<void> park();
  kj::Promise<void> insistOnParking(ParkRequest request, kj::Date end);

  // ---- What it asks for ----

  kj::String nextChildId();
  kj::Promise<void> whenUsedIsRecorded();
  kj::Promise<void> whenKnowledgeIsRecorded();
  kj::Promise<void> whenEffectsMayLeave();
  bool hasLease();
  CreateRequest childRequest(kj::StringPtr childId, kj::StringPtr what);
  kj::Promise<kj::Own<_::Message>> step(
      kj::String childId, kj::String what, _::DurableContext::Work code);
  kj::Promise<void> writeStep(kj::StringPtr childId, kj::StringPtr what, Settlement settlement);
  void stepIsWritten(bool stands);
  void requireSound();
  bool mayHaveUsedWhatDoesNotStand() {
    return owner.getExposures().countOutcomesTakenBack() != outcomesTakenBackBefore;
  }
  kj::Promise<kj::Own<_::Message>> transaction(
      kj::String childId, kj::String what, _::DurableContext::Transaction code);
  kj::Promise<void> sleep(kj::String childId, kj::Duration duration);
  kj::Promise<kj::Own<_::Message>> promise(kj::String childId, kj::String what);
  kj::Promise<void> requireStillOurs();
  template <typename T>
  kj::Promise<T> insist(kj::Promise<T> answer);
  kj::Own<OpenParts::Piece> open(OpenParts::Part part) {
    return kj::heap<OpenParts::Piece>(*parts, kj::mv(part));
  }
  kj::Promise<Record> findOrMake(CreateRequest request, kj::StringPtr what);
  void keep(kj::StringPtr childId, kj::Own<_::PendingCall> call);
  void cancelCalls();
};

}  // namespace troth

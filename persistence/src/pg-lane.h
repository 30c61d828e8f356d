#pragma once
// A PgLane is the requests for one record, in the order in which they were made, and what this
// process believes of that record.
//
// Reading a record before each write would cost a round trip, and locks that are held for its time.
// So a lane goes by what it believes: that a promise to be created is not there yet, that a pending
// record is as this process left it. A write says which version it expects to replace. If another
// process was quicker no row changes; the record is read, and its requests are carried out anew.
// A lost connection is handled in the same way: what it has left is read, never guessed.
//
// Pure: no input or output, so that each path can be tested.

#include <kj/debug.h>
#include <kj/list.h>
#include <kj/vector.h>

#include <vector>

#include "backend.h"
#include "pg-failure.h"

namespace troth {

class PgLane {
public:
  explicit PgLane(kj::StringPtr id): id(kj::str(id)) {}

  struct Entry {
    Ticket ticket;

    // When to stop waiting for a database that cannot be reached.
    kj::TimePoint giveUp;

    // Whether it may have been carried out by a connection that was lost.
    bool inDoubt = false;
  };

  // What the database is to be asked: to read the record, or to write the draft.
  enum class Step { READ, INSERT, UPDATE };

  void add(Entry entry) { entries.push_back(kj::mv(entry)); }
  bool isEmpty() const { return entries.empty(); }
  size_t requestCount() const { return entries.size(); }

  // What the requests carry, for the bound of a group.
  size_t byteCount() const;

  // Carries out all requests on what is believed of the record. The lane is then under way, until
  // one of the five answers below; requests added meanwhile are for later.
  Step plan(kj::Date now);
  bool isUnderWay() const { return covered > 0; }

  // The record to be written, and the version that it replaces; 0 if none is believed to be there.
  const Record& draft() const { return KJ_ASSERT_NONNULL(believed); }
  uint64_t version() const { return versionBelieved; }

  // Whether the draft takes it for granted that the record is not there.
  bool isGuess() const { return guessing; }

  // Whether a pending record was there when it was last seen or written.
  bool isPending() const;

  // Whether the draft settles the record, and whether it is work that anybody may claim.
  bool isSettling() const { return settling; }
  bool isMakingDue() const;

  // What the draft waits for, if it is parked now.
  kj::Vector<kj::StringPtr> partsWaitedFor() const;

  // The draft was written.
  void written();

  // The draft was not written, because the record is not what was believed.
  void refuted();

  // The record is as given. Tells the requests if they change nothing about it; else the lane is to
  // be planned again.
  void found(kj::Maybe<Record> record, uint64_t version, kj::Date now);

  // The requests that are under way have not been carried out, and will not be.
  void rejected(const kj::Exception& why);

  // The connection is gone, and what became of the draft may be in doubt.
  void lost(PgCommit commit);

  // The rest is for a lane that is not under way.

  // Rejects requests whose time is up, or all. `reason` is why the database cannot be reached, as
  // far as that is known.
  void giveUp(kj::TimePoint now, kj::StringPtr reason);
  void rejectAll(const kj::Exception& why);

  // The record is as given, with no request to be answered.
  void believe(Record record, uint64_t version);

  // Whether a pending record is believed in, so that the lane is worth keeping while it is empty.
  bool isWorthKeeping() const;

  // How often the lane was refuted since a request was answered.
  uint32_t refutations = 0;

  const kj::String id;
  kj::ListLink<PgLane> idleLink;

private:
  // NONE: it is not known whether there is a record, and a creation may assume that there is none.
  // REFUTED: the same, and what was assumed has been wrong.
  enum class Knowledge { NONE, REFUTED, BELIEVED };

  // The record as it is in the end, which the last request is often told.
  struct Final {};
  using Reply = kj::OneOf<Final, kj::Maybe<Record>, kj::Exception>;

  std::vector<Entry> entries;
  Knowledge knowledge = Knowledge::NONE;
  kj::Maybe<Record> believed;
  uint64_t versionBelieved = 0;

  // The requests that the database was asked about, and what they are told if it agrees.
  size_t covered = 0;
  kj::Vector<Reply> replies;
  bool settling = false;
  bool guessing = false;

  bool carryOut(kj::Maybe<Record>& record, size_t count, kj::Date now);
  bool startsWithCreation() const;
  void tell(kj::Maybe<Record> record);
  void forget();
};

}  // namespace troth

#pragma once
// The runs of one PgConnection that wait for their answers, and the statements it has prepared.
//
// Pure code: the connection tells it what was sent and what came back.
//
// A run's unknown statements are prepared before it, in a transaction of their own. So it is known
// of each whether it is there, whatever becomes of the run.

#include <kj/async.h>
#include <kj/map.h>

#include <deque>

#include "pg-run.h"

namespace troth {

class PgRuns {
public:
  PgRuns() = default;
  KJ_DISALLOW_COPY_AND_MOVE(PgRuns);

  size_t size() const { return runs.size(); }
  bool empty() const { return runs.empty(); }
  bool isScriptNext() const { return !runs.empty() && runs.front().kind == Kind::SCRIPT; }

  // Those of `executions` whose statements are to be prepared, each statement once. Throws if
  // parameters do not fit their statement.
  kj::Vector<const PgExecution*> toPrepare(kj::ArrayPtr<const PgExecution> executions) const;

  // Something is about to be sent: the answers to the other runs come first.
  enum class Kind { STATEMENTS, SCRIPT };
  kj::Promise<PgOutcome> begin(Kind kind);

  // It has begun with preparing the statement of `execution`; that part is over with a sync.
  void prepare(const PgExecution& execution);

  // It is about to end, after which the server may commit.
  void send() { runs.back().isSent = true; }

  // An answer to the first run. Errors after the first say nothing new.
  void take(PgResult result);
  void take(PgFailure failure);

  // The server is through with preparing for the first run, or with the run.
  void sync();

  // There will be no more answers.
  void failAll(const PgFailure& failure);

private:
  struct Run {
    Kind kind;
    kj::Own<kj::PromiseFulfiller<PgOutcome>> fulfiller;

    // The names of the statements that are prepared before, and how many of them are.
    kj::Vector<kj::StringPtr> preparing;
    size_t prepared = 0;
    bool isPreparing = false;

    bool isSent = false;

    kj::Vector<PgResult> results;
    kj::Maybe<PgFailure> failure;
  };

  // In the order in which they were sent.
  std::deque<Run> runs;

  // The types of their parameters.
  kj::HashMap<kj::StringPtr, kj::Array<PgType>> statements;
};

}  // namespace troth

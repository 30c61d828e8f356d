#include "pg-runs.h"

#include <kj/debug.h>

#include <utility>

namespace troth {
namespace {

// The protocol counts parameters in 16 bits.
constexpr size_t PARAMETERS_MAX = 65'535;

bool fit(kj::ArrayPtr<const PgParameter> parameters, kj::ArrayPtr<const PgType> types) {
  if (parameters.size() != types.size()) return false;
  for (size_t i = 0; i < types.size(); ++i) {
    if (parameters[i].getType() != types[i]) return false;
  }
  return true;
}

bool contain(kj::ArrayPtr<const PgExecution* const> executions, kj::StringPtr name) {
  for (auto execution: executions) {
    if (execution->statement.name == name) return true;
  }
  return false;
}

}  // namespace

kj::Vector<const PgExecution*> PgRuns::toPrepare(kj::ArrayPtr<const PgExecution> executions) const {
  kj::Vector<const PgExecution*> result;
  for (auto& execution: executions) {
    auto& parameters = execution.parameters;
    KJ_REQUIRE(parameters.size() <= PARAMETERS_MAX, "a statement has too many parameters",
        execution.statement.sql, parameters.size(), PARAMETERS_MAX);
    if (execution.statement.name == nullptr) continue;
    kj::StringPtr name = execution.statement.name;
    KJ_IF_MAYBE(types, statements.find(name)) {
      KJ_REQUIRE(fit(parameters, *types),
          "a statement has parameters of other types than those it was prepared for", name);
    } else if (!contain(result, name)) {
      result.add(&execution);
    }
  }
  return result;
}

kj::Promise<PgOutcome> PgRuns::begin(Kind kind) {
  auto paf = kj::newPromiseAndFulfiller<PgOutcome>();
  runs.push_back({kind, kj::mv(paf.fulfiller), {}, 0, false, false, {}, nullptr});
  return kj::mv(paf.promise);
}

void PgRuns::prepare(const PgExecution& execution) {
  kj::StringPtr name = execution.statement.name;
  statements.insert(
      name, KJ_MAP(parameter, execution.parameters) { return parameter.getType(); });
  runs.back().preparing.add(name);
  runs.back().isPreparing = true;
}

void PgRuns::take(PgResult result) {
  auto& run = runs.front();
  if (run.isPreparing) {
    ++run.prepared;
  } else if (run.kind == Kind::STATEMENTS) {
    run.results.add(kj::mv(result));
  }
}

void PgRuns::take(PgFailure failure) {
  auto& run = runs.front();
  if (run.failure == nullptr) run.failure = kj::mv(failure);
}

void PgRuns::sync() {
  if (runs.front().isPreparing) {
    auto& run = runs.front();
    run.isPreparing = false;
    for (auto name: run.preparing.slice(run.prepared, run.preparing.size())) statements.erase(name);
    return;
  }
  auto run = kj::mv(runs.front());
  runs.pop_front();
  KJ_IF_MAYBE(failure, run.failure) {
    run.fulfiller->fulfill(PgOutcome(kj::mv(*failure)));
  } else {
    run.fulfiller->fulfill(PgOutcome(run.results.releaseAsArray()));
  }
}

void PgRuns::failAll(const PgFailure& failure) {
  for (auto& run: std::exchange(runs, {})) {
    auto each = failure.clone();
    each.commit = run.isSent ? PgCommit::IN_DOUBT : PgCommit::NONE;
    run.fulfiller->fulfill(PgOutcome(kj::mv(each)));
  }
}

}  // namespace troth

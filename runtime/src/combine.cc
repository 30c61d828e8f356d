#include <troth/combine.h>

namespace troth::_ {
namespace {

// How many of the promises that broke are named.
constexpr uint FAILURES_NAMED_MAX = 16;

kj::Exception allBroke(kj::ArrayPtr<const kj::Maybe<kj::Exception>> failures) {
  if (failures.size() == 0) return KJ_EXCEPTION(FAILED, "any() of no promises cannot be kept");
  auto& first = KJ_ASSERT_NONNULL(failures[0]);
  auto type = first.getType();
  kj::Vector<kj::String> texts;
  for (uint i = 0; i < failures.size(); ++i) {
    auto& failure = KJ_ASSERT_NONNULL(failures[i]);
    if (failure.getType() != type) type = kj::Exception::Type::FAILED;
    if (i < FAILURES_NAMED_MAX) texts.add(kj::str("[", i, "] ", failure.getDescription()));
  }
  if (failures.size() > FAILURES_NAMED_MAX) {
    texts.add(kj::str("and ", failures.size() - FAILURES_NAMED_MAX, " more"));
  }
  return kj::Exception(type, __FILE__, __LINE__,
      kj::str("all ", failures.size(), " promises broke: ", kj::strArray(texts, "; ")));
}

class Join {
public:
  Join(kj::PromiseFulfiller<uint>& fulfiller, kj::Array<kj::Promise<void>> promises, Until until)
      : fulfiller(fulfiller),
        until(until),
        unsettled(promises.size()),
        failures(kj::heapArray<kj::Maybe<kj::Exception>>(promises.size())) {
    for (uint i = 0; i < promises.size(); ++i) {
      branches.add(promises[i]
                       .then([this, i]() { kept(i); },
                           [this, i](kj::Exception&& exception) { broke(i, kj::mv(exception)); })
                       .eagerlyEvaluate(nullptr));
    }
    if (promises.size() > 0) return;
    if (until == Until::ALL_KEPT) fulfiller.fulfill(0);
    if (until == Until::FIRST_KEPT) fulfiller.reject(allBroke(failures));
  }
  KJ_DISALLOW_COPY_AND_MOVE(Join);

private:
  kj::PromiseFulfiller<uint>& fulfiller;
  Until until;
  size_t unsettled;
  kj::Array<kj::Maybe<kj::Exception>> failures;
  kj::Vector<kj::Maybe<kj::Promise<void>>> branches;

  void kept(uint index) {
    --unsettled;
    if (until == Until::ALL_KEPT && unsettled > 0) return;
    fulfiller.fulfill(kj::mv(index));
    cancelAllBut(index);
  }

  void broke(uint index, kj::Exception&& exception) {
    --unsettled;
    if (until == Until::FIRST_KEPT) {
      failures[index] = kj::mv(exception);
      if (unsettled == 0) fulfiller.reject(allBroke(failures));
    } else {
      fulfiller.reject(kj::mv(exception));
      cancelAllBut(index);
    }
  }

  // The branch that decides is running, and so cannot be dropped yet.
  void cancelAllBut(uint index) {
    for (uint i = 0; i < branches.size(); ++i) {
      if (i != index) branches[i] = nullptr;
    }
  }
};

}  // namespace

kj::Promise<uint> join(kj::Array<kj::Promise<void>> branches, Until until) {
  return kj::newAdaptedPromise<uint, Join>(kj::mv(branches), until);
}

}  // namespace troth::_

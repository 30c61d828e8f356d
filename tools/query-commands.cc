// get and tree.

#include <kj/debug.h>

#include "promise-tree.h"
#include "promises-command.h"
#include "times.h"

namespace troth::command {
namespace {

// Promises in a tree that is drawn.
constexpr size_t TREE_RECORDS_MAX = 10000;

Record getRecord(Session& session, kj::StringPtr id) {
  return KJ_REQUIRE_NONNULL(
      session.wait(session.store().find(id)), kj::str("there is no promise \"", id, "\""));
}

class GetCommand final: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Shows all there is to know of one promise: what it waits for, who works on it, its "
        "outcome.",
        "Examples:\n"
        "    troth promises get transfer-42 --schema bank.capnp\n"
        "    troth promises get approval-7 --schema shop.capnp --type Approval --json\n"
        "    troth promises get approval-7 --timeout 5m && ship-it\n"
        "The exit status is 0 however the promise settled, and 1 if it is still pending when the "
        "wait is over.");
    builder.addOption(
        {"wait"},
        [this]() {
          waits = Waits::YES;
          return true;
        },
        "Wait until the promise has settled.");
    builder.addOptionWithArg({"timeout"}, KJ_BIND_METHOD(*this, setTimeout), "<duration>",
        "Wait, but no longer than this: 500ms, 5s, 10m, 2h, 30d.");
    addSchemaOptions(builder);
    addTypeOption(builder);
    expectId(builder);
    return finish(builder);
  }

protected:
  void run(Session& session, const RecordTypes& types) override {
    auto record = waits == Waits::YES ? waitFor(session) : getRecord(session, id);
    printDetails(record, types, session.store().now());
    if (waits == Waits::YES && !record.isSettled()) {
      context.fail(ExitCode::REFUSED,
          kj::str(id, " has not settled within ", formatDuration(KJ_ASSERT_NONNULL(timeout))));
    }
  }

private:
  enum class Waits { NO, YES };

  Waits waits = Waits::NO;
  kj::Maybe<kj::Duration> timeout;

  Validity setTimeout(kj::StringPtr text) {
    timeout = findDuration(text);
    if (timeout == nullptr) return kj::str(DURATION_HINT);
    waits = Waits::YES;
    return true;
  }

  // The record when it has settled, or as it is when the time is up.
  Record waitFor(Session& session) {
    auto settled = session.store().whenSettled(id);
    KJ_IF_MAYBE(limit, timeout) {
      auto timeUp = session.timer().afterDelay(*limit).then(
          [&session, this]() { return session.store().find(id); });
      settled = settled.exclusiveJoin(timeUp.then([this](kj::Maybe<Record>&& found) {
        return kj::mv(KJ_REQUIRE_NONNULL(found, "the promise was deleted", id));
      }));
    }
    return session.wait(kj::mv(settled));
  }
};

class TreeCommand final: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Draws the tree that a promise belongs to: its root, the parts of that, and their parts.",
        "Example:\n"
        "    troth promises tree transfer-42 --schema bank.capnp\n"
        "Each line has the state, the age, the call or the step, how often it was tried if more "
        "than once, who works on it, the deadline, and the outcome.");
    addSchemaOptions(builder);
    addTypeOption(builder);
    expectId(builder);
    return finish(builder);
  }

protected:
  void run(Session& session, const RecordTypes& types) override {
    auto record = getRecord(session, id);
    auto root = kj::str(record.id);
    KJ_IF_MAYBE(r, record.root) root = kj::str(*r);
    auto records = readTree(session, root);
    PromiseTree tree(root, records);
    context.print(form == Form::JSON ? kj::str(tree.asJson(types), '\n')
                                     : tree.draw(types, session.store().now()));
  }

private:
  kj::Vector<Record> readTree(Session& session, kj::StringPtr root) {
    kj::Vector<Record> records;
    kj::Maybe<kj::String> next;
    do {
      auto page = session.wait(session.store().search(
          {.root = kj::str(root), .recordsMax = Store::PAGE_RECORDS_MAX, .after = kj::mv(next)}));
      for (auto& record: page.records) records.add(kj::mv(record));
      KJ_REQUIRE(records.size() <= TREE_RECORDS_MAX,
          kj::str("the tree of ", root, " has more than ", TREE_RECORDS_MAX,
              " promises; see them with `troth promises list --root ", root, " --all`"));
      next = kj::mv(page.next);
    } while (next != nullptr);
    return records;
  }
};

}  // namespace

kj::Own<PromisesCommand> newGetCommand(CommandContext& context) {
  return kj::heap<GetCommand>(context);
}

kj::Own<PromisesCommand> newTreeCommand(CommandContext& context) {
  return kj::heap<TreeCommand>(context);
}

}  // namespace troth::command

// prune.

#include "json.h"
#include "promises-command.h"
#include "times.h"

namespace troth::command {
namespace {

// Trees that are deleted in one transaction: few enough not to hold up others.
constexpr uint32_t TREES_AT_ONCE = 1000;

class PruneCommand final: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Deletes promises that settled long ago, with all their parts. A tree in which anything is "
        "pending stays. An id that was deleted can be used anew, so keep promises for longer than "
        "anybody might repeat a request for them.",
        "Example:\n"
        "    troth promises prune --older-than 30d");
    builder.addOptionWithArg({"older-than"}, KJ_BIND_METHOD(*this, setAge), "<time>",
        "Delete what settled before this: 30d, or 2026-01-01. Required.");
    return finish(builder);
  }

protected:
  Validity check() override {
    if (age == nullptr) return "say what is old with --older-than, as in --older-than 30d";
    return true;
  }

  void run(Session& session, const RecordTypes&) override {
    auto settledBefore = momentBefore(KJ_ASSERT_NONNULL(age), session.store().now());
    Pruned total;
    Pruned part;
    do {
      part = session.wait(
          session.store().prune({.settledBefore = settledBefore, .treesMax = TREES_AT_ONCE}));
      total.trees += part.trees;
      total.records += part.records;
    } while (part.trees == TREES_AT_ONCE);
    context.print(form == Form::JSON ? asJson(total) : asText(total, settledBefore));
  }

private:
  kj::Maybe<Moment> age;

  Validity setAge(kj::StringPtr text) {
    age = findMoment(text);
    if (age == nullptr) return kj::str(MOMENT_HINT);
    return true;
  }

  static kj::String asJson(const Pruned& pruned) {
    return kj::str(JsonObject()
                       .addNumber("trees", pruned.trees)
                       .addNumber("promises", pruned.records)
                       .finish(),
        '\n');
  }

  static kj::String asText(const Pruned& pruned, kj::Date settledBefore) {
    return kj::str("deleted ", pruned.records, pruned.records == 1 ? " promise" : " promises",
        " in ", pruned.trees, pruned.trees == 1 ? " tree" : " trees", " settled before ",
        formatSeconds(settledBefore), '\n');
  }
};

}  // namespace

kj::Own<PromisesCommand> newPruneCommand(CommandContext& context) {
  return kj::heap<PruneCommand>(context);
}

}  // namespace troth::command

// create.

#include <kj/debug.h>

#include "promises-command.h"
#include "times.h"
#include "values.h"

namespace troth::command {
namespace {

class CreateCommand final: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Records a pending promise. It settles by `fulfill`, `reject` or `cancel`, by any program "
        "that has the store, or by its deadline. With --target, --method and --params it is a "
        "call, which whoever serves the target carries out.",
        "Examples:\n"
        "    troth promises create approval-7 --deadline 30d --tag invoice\n"
        "    troth promises create transfer-42 --schema bank.capnp --target bank \\\n"
        "        --method Bank.transfer --params '(amount = 70)'\n"
        "Asking again for the same changes nothing. An id that stands for something else is "
        "refused while that is pending; once it has settled, only with --strict.");
    addPlace(builder);
    addCall(builder);
    addSchemaOptions(builder);
    builder.addOption(
        {"strict"},
        [this]() {
          repetition = Repetition::STRICT;
          return true;
        },
        "Refuse the id if it stands for something else, even if that has settled.");
    expectId(builder);
    return finish(builder);
  }

protected:
  Validity check() override {
    if ((target == nullptr) != (methodName == nullptr)) {
      return "a call needs both --target and --method";
    }
    if (params != nullptr && methodName == nullptr) return "--params belongs to a --method";
    return true;
  }

  void prepare(const Schemas& schemas) override {
    KJ_IF_MAYBE(name, methodName) {
      auto method = KJ_REQUIRE_NONNULL(schemas.findMethod(*name),
          kj::str("there is no method ", *name,
              " in the schemas; write Interface.method, and add its file with --schema"));
      call.target = kj::str(KJ_ASSERT_NONNULL(target));
      call.interfaceId = method.getContainingInterface().getProto().getId();
      call.methodId = method.getOrdinal();
      KJ_IF_MAYBE(text, params) call.params = parseValue(*text, method.getParamType());
    }
  }

  void run(Session& session, const RecordTypes& types) override {
    auto now = session.store().now();
    CreateRequest request;
    request.id = kj::str(id);
    request.call = kj::mv(call);
    request.parent = parent.map([](kj::StringPtr p) { return kj::str(p); });
    request.deadline = deadline.map([now](const Moment& d) { return momentAfter(d, now); });
    request.tags = KJ_MAP(tag, tags) { return kj::str(tag); };
    request.repetition = repetition;
    printState(session.wait(session.store().create(kj::mv(request))), types);
  }

  WhenMissing whenMissing() const override { return WhenMissing::MAKE; }

private:
  kj::Maybe<kj::StringPtr> parent;
  kj::Maybe<Moment> deadline;
  kj::Vector<kj::StringPtr> tags;
  kj::Maybe<kj::StringPtr> target;
  kj::Maybe<kj::StringPtr> methodName;
  kj::Maybe<kj::StringPtr> params;
  Repetition repetition = Repetition::CONVERGE;
  CallRequest call;

  void addPlace(kj::MainBuilder& builder) {
    addText(builder, "parent", parent, "<id>",
        "The promise that this one is a part of. Its deadline is this one's too.");
    builder.addOptionWithArg({"deadline"}, KJ_BIND_METHOD(*this, setDeadline), "<time>",
        "When it settles as timedout: 5m, 30d, or 2026-11-30T12:00:00Z.");
    builder.addOptionWithArg(
        {"tag"},
        [this](kj::StringPtr tag) {
          tags.add(tag);
          return true;
        },
        "<tag>", "A word to find it by. May be repeated.");
  }

  void addCall(kj::MainBuilder& builder) {
    addText(builder, "target", target, "<name>",
        "The name or the sturdy ref of the object that is called.");
    addText(builder, "method", methodName, "<Interface.method>",
        "The method that is called, as a --schema has it.");
    addText(builder, "params", params, "<(name = value, …)>",
        "Its parameters, as a constant is written in a schema.");
  }

  Validity setDeadline(kj::StringPtr text) {
    deadline = findMoment(text);
    if (deadline == nullptr) return kj::str(MOMENT_HINT);
    return true;
  }
};

}  // namespace

kj::Own<PromisesCommand> newCreateCommand(CommandContext& context) {
  return kj::heap<CreateCommand>(context);
}

}  // namespace troth::command

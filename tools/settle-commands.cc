// fulfill, reject and cancel.

#include <kj/debug.h>

#include "promise-json.h"
#include "promises-command.h"
#include "times.h"
#include "values.h"

namespace troth::command {
namespace {

constexpr auto REPETITIONS =
    "Asking again changes nothing: the first settlement stands. It is refused if the promise is in "
    "another state, and with --strict also if its outcome is another."_kj;

bool hasOutcome(const Record& record, const SettleRequest& wanted) {
  if (record.value.asPtr() != wanted.value.asPtr()) return false;
  KJ_IF_MAYBE(mine, record.error) {
    KJ_IF_MAYBE(theirs, wanted.error) {
      return mine->type == theirs->type && mine->text == theirs->text;
    }
  }
  return record.error == nullptr && wanted.error == nullptr;
}

class SettleCommand: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

protected:
  // What the promise is settled with; everything but its id.
  virtual SettleRequest outcome() = 0;

  // What else is to be done once it has settled so.
  virtual void finishWith(Session&) {}

  // What --help says at its end: examples, and what is true of all settlements.
  kj::StringPtr withRepetitions(kj::StringPtr examples) {
    explanation = kj::str(examples, REPETITIONS);
    return explanation;
  }

  kj::MainFunc finishSettling(kj::MainBuilder& builder) {
    builder.addOption(
        {"strict"},
        [this]() {
          repetition = Repetition::STRICT;
          return true;
        },
        "Refuse if the promise has settled with another outcome.");
    expectId(builder);
    return finish(builder);
  }

  void run(Session& session, const RecordTypes& types) override {
    auto request = outcome();
    auto wanted = SettleRequest{.state = request.state,
        .value = kj::heapArray<kj::byte>(request.value),
        .error = request.error.map([](const PromiseError& e) { return e.clone(); })};
    request.id = kj::str(id);
    request.repetition = repetition;
    auto record = session.wait(session.store().settle(kj::mv(request)));
    auto when = formatDistance(KJ_ASSERT_NONNULL(record.settled), session.store().now());
    if (record.state != wanted.state) {
      context.fail(ExitCode::REFUSED,
          kj::str(id, " was ", nameOf(record.state), ' ', when, ", and stays so"));
    }
    finishWith(session);
    if (!hasOutcome(record, wanted)) {
      context.warning(kj::str("troth: ", id, " was ", nameOf(record.state), ' ', when,
          " with another outcome, which stands"));
    }
    printState(record, types);
  }

private:
  kj::String explanation;
  Repetition repetition = Repetition::CONVERGE;
};

class FulfillCommand final: public SettleCommand {
public:
  using SettleCommand::SettleCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Fulfills a promise: with a value that a schema describes, with plain text, or with "
        "nothing.",
        withRepetitions(
            "Examples:\n"
            "    troth promises fulfill approval-7\n"
            "    troth promises fulfill approval-7 --text \"yes, by Ann\"\n"
            "    troth promises fulfill approval-7 --schema shop.capnp --type Approval \\\n"
            "        --value '(approved = true)'\n"));
    addText(builder, "value", value, "<(name = value, …)>",
        "The value, as a constant is written in a schema; --schema and --type say of what struct.");
    addText(builder, "text", text, "<words>", "The value, if it is plain text.");
    addSchemaOptions(builder);
    addTypeOption(builder);
    return finishSettling(builder);
  }

protected:
  Validity check() override {
    if (value != nullptr && text != nullptr) return "--value and --text exclude each other";
    return true;
  }

  void prepare(const Schemas& schemas) override {
    KJ_IF_MAYBE(v, value) {
      auto type = KJ_REQUIRE_NONNULL(namedType(schemas),
          "--value needs --schema FILE and --type NAME, which say what it is a value of");
      bytes = parseValue(*v, type);
    }
    KJ_IF_MAYBE(t, text) bytes = textValue(*t);
  }

  SettleRequest outcome() override {
    return {.state = PromiseState::FULFILLED, .value = kj::mv(bytes)};
  }

private:
  kj::Maybe<kj::StringPtr> value;
  kj::Maybe<kj::StringPtr> text;
  kj::Array<const kj::byte> bytes;
};

class RejectCommand final: public SettleCommand {
public:
  using SettleCommand::SettleCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Rejects a promise: whoever waits for it gets the error.",
        withRepetitions("Example:\n"
                        "    troth promises reject approval-7 --error \"over budget\"\n"));
    addText(builder, "error", text, "<text>", "What went wrong, for people. Required.");
    builder.addOptionWithArg({"type"}, KJ_BIND_METHOD(*this, setType), "<type>",
        "What whoever waits should do: failed (tell a person; the default), overloaded (retry "
        "later), disconnected (reconnect and retry), unimplemented (fall back).");
    return finishSettling(builder);
  }

protected:
  Validity check() override {
    if (text == nullptr) return "say what went wrong with --error \"text\"";
    return true;
  }

  SettleRequest outcome() override {
    return {.state = PromiseState::REJECTED,
        .error = PromiseError{type, kj::str(KJ_ASSERT_NONNULL(text))}};
  }

private:
  kj::Maybe<kj::StringPtr> text;
  kj::Exception::Type type = kj::Exception::Type::FAILED;

  Validity setType(kj::StringPtr name) {
    KJ_IF_MAYBE(found, findErrorType(name)) {
      type = *found;
      return true;
    }
    return "a type is failed, overloaded, disconnected or unimplemented";
  }
};

class CancelCommand final: public SettleCommand {
public:
  using SettleCommand::SettleCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Cancels a promise that nobody needs any more, with its open parts: whoever waits for it "
        "gets an error.",
        withRepetitions("Example:\n"
                        "    troth promises cancel approval-7 --reason \"order withdrawn\"\n"));
    addText(builder, "reason", reason, "<text>", "Why, for people.");
    return finishSettling(builder);
  }

protected:
  SettleRequest outcome() override {
    return {.state = PromiseState::CANCELED,
        .error = PromiseError{kj::Exception::Type::FAILED,
            kj::str(reason.orDefault("canceled on the command line"_kj))}};
  }

  // The vat that works on a call does the same; but a call that is parked is on nobody's hands.
  void finishWith(Session& session) override {
    kj::Vector<kj::String> parents;
    parents.add(kj::str(id));
    for (size_t i = 0; i < parents.size(); ++i) {
      for (auto& part: openPartsOf(session, parents[i])) {
        auto request = outcome();
        request.id = kj::str(part.id);
        session.wait(session.store().settle(kj::mv(request)));
        parents.add(kj::mv(part.id));
      }
    }
  }

private:
  kj::Maybe<kj::StringPtr> reason;

  static kj::Vector<Record> openPartsOf(Session& session, kj::StringPtr parent) {
    kj::Vector<Record> parts;
    kj::Maybe<kj::String> after;
    do {
      auto page = session.wait(session.store().search({.states = kj::arr(PromiseState::PENDING),
          .parent = kj::str(parent),
          .recordsMax = Store::PAGE_RECORDS_MAX,
          .after = kj::mv(after)}));
      for (auto& record: page.records) parts.add(kj::mv(record));
      after = kj::mv(page.next);
    } while (after != nullptr);
    return parts;
  }
};

}  // namespace

kj::Own<PromisesCommand> newFulfillCommand(CommandContext& context) {
  return kj::heap<FulfillCommand>(context);
}

kj::Own<PromisesCommand> newRejectCommand(CommandContext& context) {
  return kj::heap<RejectCommand>(context);
}

kj::Own<PromisesCommand> newCancelCommand(CommandContext& context) {
  return kj::heap<CancelCommand>(context);
}

}  // namespace troth::command

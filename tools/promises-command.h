#pragma once
// What the subcommands of `troth promises` have in common: where the promises are, how they are
// shown, and what schemas say of them.

#include "command-context.h"
#include "record-types.h"
#include "session.h"

namespace troth::command {

class PromisesCommand {
public:
  explicit PromisesCommand(CommandContext& context): context(context) {}
  virtual ~PromisesCommand() noexcept(false) {}
  KJ_DISALLOW_COPY_AND_MOVE(PromisesCommand);

  virtual kj::MainFunc getMain() = 0;

protected:
  using Validity = kj::MainBuilder::Validity;
  enum class Form { TEXT, JSON };

  CommandContext& context;
  Form form = Form::TEXT;

  // Options that every subcommand has; ends the builder.
  kj::MainFunc finish(kj::MainBuilder& builder);
  void addSchemaOptions(kj::MainBuilder& builder);
  void addTypeOption(kj::MainBuilder& builder);

  // An option that is kept as it is.
  static void addText(kj::MainBuilder& builder, const char* name, kj::Maybe<kj::StringPtr>& option,
      kj::StringPtr title, kj::StringPtr help);

  // The one argument of most subcommands, which is in `id` then.
  void expectId(kj::MainBuilder& builder);
  kj::StringPtr id;

  // Checks what options say together, before anything is opened.
  virtual Validity check() { return true; }

  // Checks what options say about schemas, before the store is opened. Throws FAILED.
  virtual void prepare(const Schemas&) {}
  virtual void run(Session& session, const RecordTypes& types) = 0;

  virtual WhenMissing whenMissing() const { return WhenMissing::REFUSE; }

  // The type that --type names; null if there is none.
  kj::Maybe<capnp::StructSchema> namedType(const Schemas& schemas) const;

  // Prints one record, or says only how it stands.
  void printDetails(const Record& record, const RecordTypes& types, kj::Date now);
  void printState(const Record& record, const RecordTypes& types);

private:
  kj::Maybe<kj::StringPtr> location;
  kj::Vector<kj::StringPtr> schemaFiles;
  kj::Vector<kj::StringPtr> importPaths;
  kj::Maybe<kj::StringPtr> typeName;

  Validity setLocation(kj::StringPtr text);
  kj::String whereToLook() const;
  Validity execute();
  void carryOut();
};

// The main function of `troth promises`.
kj::MainFunc promisesMain(CommandContext& context);

// Each subcommand.
kj::Own<PromisesCommand> newListCommand(CommandContext& context);
kj::Own<PromisesCommand> newGetCommand(CommandContext& context);
kj::Own<PromisesCommand> newTreeCommand(CommandContext& context);
kj::Own<PromisesCommand> newCreateCommand(CommandContext& context);
kj::Own<PromisesCommand> newFulfillCommand(CommandContext& context);
kj::Own<PromisesCommand> newRejectCommand(CommandContext& context);
kj::Own<PromisesCommand> newCancelCommand(CommandContext& context);
kj::Own<PromisesCommand> newPruneCommand(CommandContext& context);

// What --version says.
constexpr kj::StringPtr VERSION = "troth " TROTH_VERSION ""_kj;

}  // namespace troth::command

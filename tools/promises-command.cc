#include "promises-command.h"

#include <kj/debug.h>

#include "promise-json.h"
#include "promise-table.h"

namespace troth::command {
namespace {

struct Subcommand {
  kj::StringPtr name;
  kj::Own<PromisesCommand> (*make)(CommandContext&);
  kj::StringPtr help;
};

const Subcommand SUBCOMMANDS[] = {
    {"list"_kj, newListCommand, "show promises in a table"_kj},
    {"get"_kj, newGetCommand, "show one promise, or wait for it"_kj},
    {"tree"_kj, newTreeCommand, "show a promise with all its parts"_kj},
    {"create"_kj, newCreateCommand, "record a pending promise"_kj},
    {"fulfill"_kj, newFulfillCommand, "settle a promise with a value"_kj},
    {"reject"_kj, newRejectCommand, "settle a promise with an error"_kj},
    {"cancel"_kj, newCancelCommand, "settle a promise that nobody needs any more"_kj},
    {"prune"_kj, newPruneCommand, "delete promises that settled long ago"_kj},
};

constexpr auto DESCRIPTION =
    "Shows and settles durable promises: records that start pending and settle once, for good."_kj;

constexpr auto EXPLANATION =
    "A first round:\n"
    "    troth promises create approval-7 --deadline 30d\n"
    "    troth promises list\n"
    "    troth promises fulfill approval-7 --text yes\n"
    "    troth promises get approval-7\n"
    "\n"
    "Promises are in the store that --store names, or else TROTH_STORE, or else promises.db in "
    "$XDG_DATA_HOME/troth, which is ~/.local/share/troth by default. A store is sqlite:PATH or "
    "postgresql://USER@HOST/DATABASE.\n"
    "\n"
    "The first settlement of a promise stands. Every command may be repeated.\n"
    "\n"
    "Exit status: 0 done; 1 refused (no such promise, id taken, settled otherwise, wait over); 2 "
    "the command line is wrong; 3 the store is not there, cannot be reached, or is overloaded: try "
    "again."_kj;

kj::MainFunc mainOf(kj::Own<PromisesCommand> command) {
  auto main = command->getMain();
  return [command = kj::mv(command), main = kj::mv(main)](kj::StringPtr name,
             kj::ArrayPtr<const kj::StringPtr> params) mutable { main(name, params); };
}

}  // namespace

kj::MainFunc promisesMain(CommandContext& context) {
  kj::MainBuilder builder(context, VERSION, DESCRIPTION, EXPLANATION);
  for (auto& subcommand: SUBCOMMANDS) {
    builder.addSubCommand(
        subcommand.name, [&context, make = subcommand.make]() { return mainOf(make(context)); },
        subcommand.help);
  }
  return builder.build();
}

kj::MainFunc PromisesCommand::finish(kj::MainBuilder& builder) {
  builder.addOptionWithArg({"store"}, KJ_BIND_METHOD(*this, setLocation), "<location>",
      "Where the promises are: sqlite:PATH or postgresql://USER@HOST/DATABASE.");
  builder.addOption(
      {"json"},
      [this]() {
        form = Form::JSON;
        return true;
      },
      "Print one JSON document.");
  return builder.callAfterParsing(KJ_BIND_METHOD(*this, execute)).build();
}

void PromisesCommand::addSchemaOptions(kj::MainBuilder& builder) {
  builder.addOptionWithArg(
      {"schema"},
      [this](kj::StringPtr file) {
        schemaFiles.add(file);
        return true;
      },
      "<file.capnp>", "Read what values mean from this schema. May be repeated.");
  builder.addOptionWithArg(
      {"import-path"},
      [this](kj::StringPtr path) {
        importPaths.add(path);
        return true;
      },
      "<folder>", "Look for `import \"/x.capnp\"` here first. May be repeated.");
}

void PromisesCommand::addTypeOption(kj::MainBuilder& builder) {
  addText(builder, "type", typeName, "<name>",
      "The struct that values of promises settled from outside are of: Approval, or Outer.Inner. "
      "Values of calls need none.");
}

void PromisesCommand::addText(kj::MainBuilder& builder, const char* name,
    kj::Maybe<kj::StringPtr>& option, kj::StringPtr title, kj::StringPtr help) {
  builder.addOptionWithArg(
      {name},
      [&option](kj::StringPtr text) {
        option = text;
        return true;
      },
      title, help);
}

void PromisesCommand::expectId(kj::MainBuilder& builder) {
  builder.expectArg("<id>", [this](kj::StringPtr text) {
    id = text;
    return true;
  });
}

PromisesCommand::Validity PromisesCommand::setLocation(kj::StringPtr text) {
  if (!isLocation(text)) return kj::str(LOCATION_HINT);
  location = text;
  return true;
}

kj::Maybe<capnp::StructSchema> PromisesCommand::namedType(const Schemas& schemas) const {
  KJ_IF_MAYBE(name, typeName) {
    return KJ_REQUIRE_NONNULL(schemas.findStruct(*name),
        kj::str("there is no struct ", *name, " in the schemas; add its file with --schema"));
  }
  return nullptr;
}

kj::String PromisesCommand::whereToLook() const {
  KJ_IF_MAYBE(l, location) return kj::str(*l);
  return defaultLocation();
}

PromisesCommand::Validity PromisesCommand::execute() {
  KJ_IF_MAYBE(error, check().releaseError()) return kj::mv(*error);
  carryOut();
  return true;
}

void PromisesCommand::carryOut() {
  kj::Own<Schemas> schemas;
  kj::Maybe<capnp::StructSchema> outside;
  kj::String where;
  try {
    schemas = kj::heap<Schemas>(schemaFiles, importPaths);
    outside = namedType(*schemas);
    prepare(*schemas);
    where = whereToLook();
  } catch (const kj::Exception& exception) {
    context.fail(ExitCode::USAGE, explain(exception));
  }
  try {
    Session session(where, whenMissing());
    run(session, RecordTypes(*schemas, outside));
  } catch (const kj::Exception& exception) {
    context.fail(exception);
  }
}

void PromisesCommand::printDetails(const Record& record, const RecordTypes& types, kj::Date now) {
  context.print(form == Form::JSON ? kj::str(recordAsJson(record, types).finish(), '\n')
                                   : formatDetails(record, types, now));
}

void PromisesCommand::printState(const Record& record, const RecordTypes& types) {
  context.print(form == Form::JSON ? kj::str(recordAsJson(record, types).finish(), '\n')
                                   : kj::str(record.id, " is ", nameOf(record.state), '\n'));
}

}  // namespace troth::command

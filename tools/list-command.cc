// list.

#include <kj/debug.h>

#include "promise-json.h"
#include "promise-table.h"
#include "promises-command.h"
#include "times.h"

namespace troth::command {
namespace {

constexpr uint64_t LIMIT_BY_DEFAULT = 100;

kj::Maybe<kj::String> copyOf(const kj::Maybe<kj::StringPtr>& text) {
  return text.map([](kj::StringPtr t) { return kj::str(t); });
}

class ListCommand final: public PromisesCommand {
public:
  using PromisesCommand::PromisesCommand;

  kj::MainFunc getMain() override {
    kj::MainBuilder builder(context, VERSION,
        "Shows promises in a table, in the order of their creation: the pending ones, unless "
        "other states are asked for. A column in which there is nothing is left out.",
        "Examples:\n"
        "    troth promises list\n"
        "    troth promises list --state rejected --state timedout --since 1d\n"
        "    troth promises list --all --tag invoice --limit none --json\n"
        "If there are more than the limit, the last line says how to go on.");
    addSelectors(builder);
    addPaging(builder);
    addSchemaOptions(builder);
    addTypeOption(builder);
    return finish(builder);
  }

protected:
  Validity check() override {
    if ((parent != nullptr) + (root != nullptr) + (tag != nullptr) > 1) {
      return "--parent, --root and --tag exclude each other";
    }
    return true;
  }

  void run(Session& session, const RecordTypes& types) override {
    if (form == Form::JSON) context.print("{\"promises\":[");
    auto next = copyOf(after);
    uint64_t shown = 0;
    do {
      auto size = kj::min(limit - shown, uint64_t{Store::PAGE_RECORDS_MAX});
      auto page = session.wait(session.store().search(request(session, size, kj::mv(next))));
      print(page.records, types, session.store().now(), shown);
      shown += page.records.size();
      next = kj::mv(page.next);
    } while (next != nullptr && shown < limit);
    if (form == Form::JSON) {
      context.print(kj::str("],\"next\":", jsonTextOrNull(next), "}\n"));
    } else {
      printEnd(next, shown);
    }
  }

private:
  kj::Vector<PromiseState> states;
  kj::Maybe<kj::StringPtr> parent;
  kj::Maybe<kj::StringPtr> root;
  kj::Maybe<kj::StringPtr> tag;
  kj::Maybe<Moment> since;
  kj::Maybe<Moment> before;
  kj::Maybe<kj::StringPtr> after;
  uint64_t limit = LIMIT_BY_DEFAULT;

  // ---- Options ----

  void addSelectors(kj::MainBuilder& builder) {
    builder
        .addOptionWithArg({"state"}, KJ_BIND_METHOD(*this, addState), "<state>",
            "Show promises in this state: pending, fulfilled, rejected, canceled or timedout. May "
            "be repeated.")
        .addOption(
            {'a', "all"}, KJ_BIND_METHOD(*this, addAllStates), "Show promises in every state.");
    addText(builder, "parent", parent, "<id>", "Show the direct parts of this promise.");
    addText(builder, "root", root, "<id>", "Show the whole tree below this promise, and itself.");
    addText(builder, "tag", tag, "<tag>", "Show promises that have this tag.");
    addMoment(builder, "since", since, "Show promises made at this time or later.");
    addMoment(builder, "before", before, "Show promises made before this time.");
  }

  void addPaging(kj::MainBuilder& builder) {
    builder.addOptionWithArg({'n', "limit"}, KJ_BIND_METHOD(*this, setLimit), "<number>",
        "Show at most so many, 100 by default; \"none\" for all that there are.");
    addText(builder, "after", after, "<cursor>", "Go on where an earlier list has ended.");
  }

  static void addMoment(
      kj::MainBuilder& builder, const char* name, kj::Maybe<Moment>& option, kj::StringPtr help) {
    builder.addOptionWithArg(
        {name},
        [&option](kj::StringPtr text) -> Validity {
          option = findMoment(text);
          if (option == nullptr) return kj::str(MOMENT_HINT);
          return true;
        },
        "<time>", help);
  }

  Validity addState(kj::StringPtr text) {
    KJ_IF_MAYBE(state, findState(text)) {
      states.add(*state);
      return true;
    }
    return "a state is pending, fulfilled, rejected, canceled or timedout";
  }

  Validity addAllStates() {
    for (auto state: PROMISE_STATES) states.add(state);
    return true;
  }

  Validity setLimit(kj::StringPtr text) {
    if (text == "none") {
      limit = kj::maxValue;
      return true;
    }
    KJ_IF_MAYBE(number, text.tryParseAs<uint64_t>()) {
      if (*number > 0) {
        limit = *number;
        return true;
      }
    }
    return "a limit is a number from 1 up, or \"none\"";
  }

  // ---- Pages ----

  SearchRequest request(Session& session, uint64_t size, kj::Maybe<kj::String> next) {
    auto now = session.store().now();
    auto ago = [now](const Moment& moment) { return momentBefore(moment, now); };
    SearchRequest request;
    request.states = kj::heapArray<PromiseState>(states.asPtr());
    if (states.size() == 0) request.states = kj::heapArray({PromiseState::PENDING});
    request.parent = copyOf(parent);
    request.root = copyOf(root);
    request.tag = copyOf(tag);
    request.since = since.map(ago);
    request.before = before.map(ago);
    request.recordsMax = static_cast<uint32_t>(size);
    request.after = kj::mv(next);
    return request;
  }

  void print(kj::ArrayPtr<const Record> records, const RecordTypes& types, kj::Date now,
      uint64_t shownBefore) {
    if (records.size() == 0) return;
    if (form == Form::TEXT) {
      context.print(formatTable(records, types, now));
      return;
    }
    kj::Vector<kj::String> lines;
    for (auto& record: records) {
      auto separator = shownBefore + lines.size() == 0 ? "\n" : ",\n";
      lines.add(kj::str(separator, recordAsJson(record, types).finish()));
    }
    context.print(kj::strArray(lines, ""));
  }

  void printEnd(const kj::Maybe<kj::String>& next, uint64_t shown) {
    KJ_IF_MAYBE(cursor, next) {
      context.print(kj::str("There are more: add --after '", *cursor, "', or --limit none\n"));
    } else if (shown == 0) {
      context.print(
          states.size() == 0 ? "No promise is pending.\n" : "There is no such promise.\n");
    }
  }
};

}  // namespace

kj::Own<PromisesCommand> newListCommand(CommandContext& context) {
  return kj::heap<ListCommand>(context);
}

}  // namespace troth::command

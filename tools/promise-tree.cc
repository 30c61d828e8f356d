#include "promise-tree.h"

#include <kj/map.h>

#include "promise-json.h"
#include "promise-table.h"
#include "table.h"
#include "times.h"

namespace troth::command {
namespace {

constexpr size_t OUTCOME_WIDTH_MAX = 60;

// Of the longest name of a state.
constexpr size_t STATE_WIDTH = 9;

// Where a walk through the tree has yet to go. `stem` is what the lines below begin with.
struct Step {
  const Record* record;
  size_t depth;
  kj::String branch;
  kj::String stem;
};

using Children = kj::HashMap<kj::StringPtr, kj::Vector<const Record*>>;

// A record whose parent is not among them is drawn below the root.
Children childrenOf(kj::StringPtr root, kj::ArrayPtr<const Record> records) {
  kj::HashSet<kj::StringPtr> ids;
  for (auto& record: records) ids.insert(record.id);
  Children children;
  for (auto& record: records) {
    if (record.id == root) continue;
    auto parent = root;
    KJ_IF_MAYBE(p, record.parent) {
      if (ids.contains(*p)) parent = *p;
    }
    children.findOrCreate(parent, [&]() { return Children::Entry{parent, {}}; }).add(&record);
  }
  return children;
}

// The children of `step`, the last of them first.
void addChildren(kj::Vector<Step>& steps, const Step& step, const Children& children) {
  KJ_IF_MAYBE(list, children.find(step.record->id)) {
    for (size_t i = list->size(); i-- > 0;) {
      bool last = i + 1 == list->size();
      steps.add(Step{(*list)[i], step.depth + 1, kj::str(step.stem, last ? "└─ " : "├─ "),
          kj::str(step.stem, last ? "   " : "│  ")});
    }
  }
}

kj::String describeWork(const Record& record) {
  if (record.isParked()) return kj::str("  parked");
  auto count = triesOf(record.epoch);
  auto tries = count < 2 ? kj::String() : kj::str("  ", count, " tries");
  KJ_IF_MAYBE(lease, record.lease) return kj::str(tries, "  held by ", formatOwner(*lease));
  return tries;
}

kj::String describeDeadline(const Record& record, kj::Date now) {
  if (record.isSettled()) return kj::String();
  KJ_IF_MAYBE(deadline, record.deadline) {
    return kj::str("  deadline ", formatDistance(*deadline, now));
  }
  return kj::String();
}

kj::String describe(const Record& record, const RecordTypes& types, kj::Date now) {
  auto spaced = [](kj::String text) { return text == "-" ? kj::String() : kj::str("  ", text); };
  return kj::str(padded(nameOf(record.state), STATE_WIDTH), "  ",
      formatDuration(now - record.created), spaced(types.describeCall(record)),
      describeWork(record), describeDeadline(record, now),
      spaced(shortened(formatOutcome(record, types), OUTCOME_WIDTH_MAX)));
}

}  // namespace

PromiseTree::PromiseTree(kj::StringPtr root, kj::ArrayPtr<const Record> records): root(root) {
  auto children = childrenOf(root, records);
  kj::Vector<Step> steps;
  for (auto& record: records) {
    if (record.id == root) steps.add(Step{&record, 0, kj::String(), kj::String()});
  }
  while (steps.size() > 0) {
    auto step = kj::mv(steps.back());
    steps.removeLast();
    addChildren(steps, step, children);
    nodes.add(Node{step.record, step.depth, kj::mv(step.branch)});
  }
}

kj::String PromiseTree::draw(const RecordTypes& types, kj::Date now) const {
  auto names = KJ_MAP(node, nodes) { return kj::str(node.branch, node.record->id); };
  size_t width = 0;
  for (auto& name: names) width = kj::max(width, widthOf(name));
  kj::Vector<kj::String> lines;
  for (auto i: kj::indices(nodes)) {
    lines.add(kj::str(padded(names[i], width), "  ", describe(*nodes[i].record, types, now), '\n'));
  }
  return kj::strArray(lines, "");
}

kj::String PromiseTree::asJson(const RecordTypes& types) const {
  auto promises = KJ_MAP(node, nodes) {
    return recordAsJson(*node.record, types).addNumber("depth", node.depth).finish();
  };
  return JsonObject().addText("root", root).add("promises", jsonList(promises)).finish();
}

}  // namespace troth::command

// The words that a broken call gets: one line for each call that it passed through.

#include <troth/pending-call.h>
#include <troth/recorder.h>

#include <cstdlib>
#include <string_view>

#include "invoke-form.h"

namespace troth::_ {
namespace {

// An error that has passed through more calls than this names the first ones only.
constexpr uint ERROR_LINES_MAX = 16;

constexpr kj::StringPtr WHILE = "\n  while "_kj;
constexpr kj::StringPtr WHILE_CALLING = "\n  while calling "_kj;
constexpr kj::StringPtr AND_MORE = "\n  and further calls"_kj;

uint countLines(kj::StringPtr text) {
  uint count = 0;
  for (auto at = text.cStr(); (at = strstr(at, WHILE.cStr())) != nullptr; at += WHILE.size()) {
    ++count;
  }
  return count;
}

kj::String whence(const PromisedRef& ref) {
  auto& source = ref.getSource();
  return kj::str('"', ref.getFieldName(), "\" from ", source.interfaceName, ".", source.name);
}

void addLine(kj::Exception& exception, kj::StringPtr line) {
  auto lines = countLines(exception.getDescription());
  if (lines < ERROR_LINES_MAX) {
    exception.setDescription(kj::str(exception.getDescription(), line));
  } else if (!exception.getDescription().endsWith(AND_MORE)) {
    exception.setDescription(kj::str(exception.getDescription(), AND_MORE));
  }
}

// Where in `text` the last line starts that names an element.
kj::Maybe<size_t> findElementLine(kj::StringPtr text) {
  auto at = std::string_view(text.cStr()).rfind(WHILE_MAPPING.cStr());
  if (at == std::string_view::npos) return nullptr;
  return at;
}

}  // namespace

void addElementLine(kj::Exception& exception, uint element, kj::StringPtr step) {
  auto line = kj::str(WHILE_MAPPING, element);
  if (step.size() > 0) line = kj::str(line, " (", step, ')');
  addLine(exception, line);
}

// Adds a line for this call to `exception`, or to what broke the object that the call was made on.
kj::Exception PendingCall::explain(kj::Exception&& exception) {
  kj::Maybe<const kj::Exception&> cause;
  kj::String details = kj::str();
  KJ_IF_MAYBE(promised, PromisedRef::from(*target)) {
    details = kj::str(" (on ", whence(*promised), ")");
    cause = promised->getFailure();
  }
  for (auto& argument: arguments) {
    auto& ref = KJ_ASSERT_NONNULL(PromisedRef::from(*argument.ref));
    if (ref.getFailure() != nullptr) {
      details = kj::str(details, " (argument \"", argument.name, "\": ", whence(ref), ")");
    }
  }
  for (auto& hole: holes) {
    auto& source = *hole->source.call;
    KJ_IF_MAYBE(f, source.getFailure()) {
      cause = *f;
      details = kj::str(details, " (argument \"", hole->param.name, "\" from ",
          source.method.interfaceName, ".", source.method.name, ")");
    }
  }
  KJ_IF_MAYBE(p, plan) {
    exception.setDescription(p->get()->nameSteps(exception.getDescription()));
  }
  kj::Exception result = kj::cp(cause.orDefault(exception));
  addLine(result, kj::str(WHILE_CALLING, method.interfaceName, ".", method.name, details));
  return result;
}

// "File.size on "file" of the element"
kj::String Body::describe(PendingCall& step) const {
  auto call = kj::str(step.method.interfaceName, '.', step.method.name);
  kj::Maybe<Source> source;
  KJ_IF_MAYBE(inner, step.plan) {
    source = inner->get()->getList().clone();
  } else KJ_IF_MAYBE(promised, PromisedRef::from(*step.target)) {
    source = promised->getRecordedSource();
  }
  KJ_IF_MAYBE(s, source) {
    auto& method = s->call->getMethod();
    auto from = s->call.get() == element.get() ? kj::str("the element")
        : findStep(*s->call) == nullptr        ? kj::str("an outer element or call")
                                               : kj::str(method.interfaceName, '.', method.name);
    if (s->path == nullptr) return kj::str(call, " on ", from);
    return kj::str(call, " on \"", s->getFieldName(), "\" of ", from);
  }
  return call;
}

// The innermost list is named first in `text`, and so the body is that of the last line.
kj::String Plan::nameSteps(kj::StringPtr text) {
  KJ_IF_MAYBE(start, findElementLine(text)) {
    auto mark = kj::str(" (", STEP);
    auto line = text.cStr() + *start;
    auto at = strstr(line, mark.cStr());
    if (at == nullptr) return kj::str(text);
    char* end;
    auto number = strtoul(at + mark.size(), &end, 10);
    if (number >= body->steps.size() || *end != ')') return kj::str(text);
    auto& step = *body->steps[number];
    auto before = kj::heapString(text.slice(0, *start));
    KJ_IF_MAYBE(inner, step.plan) {
      before = inner->get()->nameSteps(before);
    }
    return kj::str(before, kj::arrayPtr(line, at), " (", body->describe(step), end);
  }
  return kj::str(text);
}

}  // namespace troth::_

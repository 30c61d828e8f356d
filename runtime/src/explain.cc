// The words that a broken call gets: one line for each call that it passed through.

#include <troth/pending-call.h>

namespace troth::_ {
namespace {

// An error that has passed through more calls than this names the first ones only.
constexpr uint ERROR_LINES_MAX = 16;

constexpr kj::StringPtr WHILE_CALLING = "\n  while calling "_kj;
constexpr kj::StringPtr AND_MORE = "\n  and further calls"_kj;

uint countLines(kj::StringPtr text) {
  uint count = 0;
  for (auto at = text.cStr(); (at = strstr(at, WHILE_CALLING.cStr())) != nullptr;
       at += WHILE_CALLING.size()) {
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

}  // namespace

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
  kj::Exception result = kj::cp(cause.orDefault(exception));
  addLine(result, kj::str(WHILE_CALLING, method.interfaceName, ".", method.name, details));
  return result;
}

}  // namespace troth::_

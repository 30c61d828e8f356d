#include "command-context.h"

#include <kj/debug.h>
#include <kj/io.h>
#include <unistd.h>

namespace troth::command {
namespace {

ExitCode exitCodeFor(kj::Exception::Type type) {
  switch (type) {
    case kj::Exception::Type::FAILED:
    case kj::Exception::Type::UNIMPLEMENTED: return ExitCode::REFUSED;
    case kj::Exception::Type::OVERLOADED:
    case kj::Exception::Type::DISCONNECTED: return ExitCode::UNREACHABLE;
  }
  KJ_UNREACHABLE;
}

void writeLine(int file, kj::StringPtr text) {
  auto line = text.endsWith("\n") ? kj::str(text) : kj::str(text, '\n');
  kj::FdOutputStream(file).write(line.begin(), line.size());
}

}  // namespace

CommandContext::CommandContext(kj::StringPtr programName): programName(programName) {
  kj::_::Debug::setLogLevel(kj::LogSeverity::ERROR);
}

void CommandContext::exit() { throw Exit{failed ? ExitCode::USAGE : ExitCode::DONE}; }

void CommandContext::warning(kj::StringPtr message) { writeLine(STDERR_FILENO, message); }

void CommandContext::error(kj::StringPtr message) {
  failed = true;
  warning(message);
}

void CommandContext::exitError(kj::StringPtr message) {
  error(message);
  exit();
}

void CommandContext::exitInfo(kj::StringPtr message) {
  writeLine(STDOUT_FILENO, message);
  exit();
}

void CommandContext::increaseLoggingVerbosity() {
  kj::_::Debug::setLogLevel(kj::LogSeverity::INFO);
}

void CommandContext::print(kj::StringPtr text) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                kj::FdOutputStream(STDOUT_FILENO).write(text.begin(), text.size());
              })) {
    fail(ExitCode::REFUSED,
        kj::str("cannot write to standard output: ", exception->getDescription()));
  }
}

void CommandContext::fail(ExitCode code, kj::StringPtr why) {
  warning(kj::str("troth: ", why));
  throw Exit{code};
}

void CommandContext::fail(const kj::Exception& exception) {
  fail(exitCodeFor(exception.getType()), explain(exception));
}

kj::String explain(const kj::Exception& exception) {
  // KJ_REQUIRE(condition, words…) begins with the condition, which is of no use to a person.
  auto text = exception.getDescription();
  if (text.startsWith("expected ")) {
    for (size_t i = 0; i + 2 < text.size(); ++i) {
      if (text[i] == ';' && text[i + 1] == ' ') return kj::str(text.slice(i + 2));
    }
  }
  return kj::str(text);
}

}  // namespace troth::command

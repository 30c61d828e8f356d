#pragma once
// How the `troth` command talks to whoever runs it: what it prints, and how it ends.

#include <kj/exception.h>
#include <kj/main.h>

namespace troth::command {

// The exit status, which scripts rely on.
enum class ExitCode {
  DONE = 0,
  // The store said no, or a wait was over before the promise settled.
  REFUSED = 1,
  // The command line, or a file that it names, is wrong.
  USAGE = 2,
  // The store is not there, cannot be reached or is overloaded: try again later.
  UNREACHABLE = 3,
};

// Thrown to end the program, with everything unwound.
struct Exit {
  ExitCode code;
};

class CommandContext final: public kj::ProcessContext {
public:
  // Keeps what libraries log for developers from the terminal, until --verbose asks for it.
  explicit CommandContext(kj::StringPtr programName);
  KJ_DISALLOW_COPY_AND_MOVE(CommandContext);

  kj::StringPtr getProgramName() override { return programName; }
  KJ_NORETURN(void exit() override);
  void warning(kj::StringPtr message) override;
  void error(kj::StringPtr message) override;

  // What kj::MainBuilder does about a wrong command line.
  KJ_NORETURN(void exitError(kj::StringPtr message) override);
  KJ_NORETURN(void exitInfo(kj::StringPtr message) override);
  void increaseLoggingVerbosity() override;

  // Writes to standard output.
  void print(kj::StringPtr text);

  // Says why, in a line on standard error, and ends.
  KJ_NORETURN(void fail(ExitCode code, kj::StringPtr why));
  KJ_NORETURN(void fail(const kj::Exception& exception));

private:
  kj::StringPtr programName;
  bool failed = false;
};

// What a person needs to know of an exception.
kj::String explain(const kj::Exception& exception);

}  // namespace troth::command

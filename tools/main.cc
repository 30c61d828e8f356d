// troth: looks after what Troth keeps.

#include "promises-command.h"

namespace troth::command {
namespace {

kj::MainFunc trothMain(CommandContext& context) {
  return kj::MainBuilder(context, VERSION, "Looks after what Troth keeps.",
      "See `troth promises --help`, and `troth promises COMMAND --help` for each command.")
      .addSubCommand(
          "promises", [&context]() { return promisesMain(context); },
          "show and settle durable promises")
      .build();
}

int run(kj::StringPtr name, kj::ArrayPtr<const kj::StringPtr> params) {
  CommandContext context(name);
  try {
    trothMain(context)(name, params);
    return static_cast<int>(ExitCode::DONE);
  } catch (const Exit& exit) {
    return static_cast<int>(exit.code);
  }
}

}  // namespace
}  // namespace troth::command

int main(int argc, char** argv) {
  kj::Vector<kj::StringPtr> params;
  for (int i = 1; i < argc; ++i) params.add(argv[i]);
  return troth::command::run("troth", params);
}

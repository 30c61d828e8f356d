// capnpc-troth: a plugin of the Cap'n Proto compiler that writes x.troth.h for each x.capnp.

#include <capnp/serialize.h>
#include <kj/debug.h>
#include <kj/filesystem.h>
#include <kj/main.h>
#include <unistd.h>

#include "templates.h"

namespace troth::compiler {

class Plugin {
public:
  explicit Plugin(kj::ProcessContext& context): context(context) {}

  kj::MainFunc getMain() {
    return kj::MainBuilder(context, "capnpc-troth " TROTH_VERSION,
        "Writes typed stubs for Troth from Cap'n Proto schemas. The Cap'n Proto compiler runs it:\n"
        "    capnp compile -oc++ -otroth bank.capnp\n"
        "makes bank.capnp.h and bank.troth.h.")
        .callAfterParsing(KJ_BIND_METHOD(*this, run))
        .build();
  }

private:
  kj::ProcessContext& context;
  kj::Own<kj::Filesystem> disk = kj::newDiskFilesystem();

  kj::MainBuilder::Validity run() {
    if (isatty(STDIN_FILENO)) {
      return kj::str(
          "reads what the Cap'n Proto compiler sends; run it as: "
          "capnp compile -oc++ -otroth FILE.capnp");
    }
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { writeAll(); })) {
      context.exitError(exception->getDescription());
    }
    return true;
  }

  void writeAll() {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kj::maxValue;
    capnp::StreamFdMessageReader message(STDIN_FILENO, options);
    auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
    Schemas schemas(request);
    for (auto requested: request.getRequestedFiles()) {
      auto file = readFile(schemas, requested);
      write(kj::str(file.path, ".troth.h"), writeStub(file));
    }
  }

  void write(kj::StringPtr path, kj::StringPtr text) {
    constexpr auto MODE =
        kj::WriteMode::CREATE | kj::WriteMode::MODIFY | kj::WriteMode::CREATE_PARENT;
    disk->getCurrent().openFile(kj::Path::parse(path), MODE)->writeAll(text);
  }
};

}  // namespace troth::compiler

KJ_MAIN(troth::compiler::Plugin)

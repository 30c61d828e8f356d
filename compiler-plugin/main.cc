// capnpc-troth: a plugin of the Cap'n Proto compiler that writes x.troth.h for each x.capnp.

#include <capnp/serialize.h>
#include <kj/filesystem.h>
#include <kj/main.h>
#include <unistd.h>

#include "check.h"
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
  static constexpr auto NOT_A_REQUEST =
      "standard input does not hold a request of the Cap'n Proto compiler"_kj;

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
    auto message = readMessage();
    auto request = message->getRoot<capnp::schema::CodeGeneratorRequest>();
    if (request.getRequestedFiles().size() == 0) context.exitError(NOT_A_REQUEST);
    Schemas schemas(request);
    checkNames(schemas, request);
    for (auto requested: request.getRequestedFiles()) {
      auto file = readFile(schemas, requested);
      write(kj::str(file.path, ".troth.h"), writeStub(file));
    }
  }

  kj::Own<capnp::MessageReader> readMessage() {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kj::maxValue;
    kj::Own<capnp::MessageReader> message;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                  message = kj::heap<capnp::StreamFdMessageReader>(STDIN_FILENO, options);
                  message->getRoot<capnp::schema::CodeGeneratorRequest>().totalSize();
                })) {
      context.exitError(kj::str(NOT_A_REQUEST, ": ", exception->getDescription()));
    }
    return message;
  }

  void write(kj::StringPtr path, kj::StringPtr text) {
    constexpr auto MODE =
        kj::WriteMode::CREATE | kj::WriteMode::MODIFY | kj::WriteMode::CREATE_PARENT;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                  disk->getCurrent().openFile(kj::Path::parse(path), MODE)->writeAll(text);
                })) {
      context.exitError(kj::str("cannot write ", path, ": ", exception->getDescription()));
    }
  }
};

}  // namespace troth::compiler

KJ_MAIN(troth::compiler::Plugin)

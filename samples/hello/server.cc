#include <troth/vat.h>

#include "hello.troth.h"

class HelloServer final: public troth::Server<Hello> {
  kj::Promise<void> echo(Echo call) override { return call.fulfill(call.text()); }
  kj::Promise<void> next(Next call) override { return call.fulfill(kj::heap<HelloServer>()); }
};

int main(int, char** argv) { troth::Vat().serve(kj::heap<HelloServer>()).run(argv[1]); }

// A server in a process of its own: serves a Node at the address given until it is told to stop.

#include <stdio.h>

#include "lab.h"

int main(int argc, char** argv) {
  KJ_REQUIRE(argc == 2, "usage: served-node ADDRESS");
  troth::Lab lab;
  troth::Vat vat;
  vat.serve(kj::heap<troth::NodeServer>(lab));
  vat.listen(argv[1]).wait(vat);
  puts("listening");
  fflush(stdout);
  vat.run();
  return 0;
}

#include <troth/vat.h>

#include <iostream>

#include "hello.troth.h"

int main(int, char** argv) {
  troth::Vat vat;
  auto hello = vat.connect<Hello>(argv[1]);
  for (int i = 0; i < 16; ++i) hello = hello.next().next();
  std::cout << hello.echo("hello, world").text().wait(vat).cStr() << std::endl;
}

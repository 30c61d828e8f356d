#include <troth/vat.h>

#include <iostream>

#include "hello.troth.h"

int main() {
  troth::Vat vat;
  auto hello = vat.connect<Hello>("127.0.0.1:7800");
  for (int i = 0; i < 16; ++i) hello = hello.next().next();
  std::cout << hello.echo("hello, world").text().wait(vat).cStr() << std::endl;
}

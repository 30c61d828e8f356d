@0xeedcfb4c05ed4623;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("imported");

interface Base {
  greet @0 (whom :Text) -> (greeting :Greeting);
}

struct Greeting {
  words @0 :Text;
}

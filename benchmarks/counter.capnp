@0xf1b7a2c94d0e6358;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface Counter {
  # What the benchmarks call.

  add @0 (amount :Int64) -> (total :Int64);
  echo @1 (text :Text) -> (text :Text);
  next @2 () -> (counter :Counter);
}

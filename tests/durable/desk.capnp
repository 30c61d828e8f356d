@0xf2b1c3a4d5e6f708;

using Cxx = import "/capnp/c++.capnp";
using Troth = import "/troth/annotations.capnp";
$Cxx.namespace("troth::desk");

interface Desk {
  # Does what a test tells it to.

  work @0 (text :Text) -> (text :Text);
  number @1 (n :Int64) -> (n :Int64);
  give @2 (drawer :Drawer) -> (drawer :Drawer);
  marked @3 (text :Text) -> (text :Text) $Troth.durable;
  careful @4 (text :Text) -> (text :Text) $Troth.recordFirst;
  open @5 (name :Text) -> (drawer :Drawer);
  tally @6 (n :Int64) -> (n :Int64) $Troth.recordFirst;
}

interface Drawer {
  put @0 (text :Text) -> (count :Int64);
  name @1 () -> (name :Text);
}

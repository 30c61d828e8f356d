@0xb5f3a1c2d4e59607;
# What the tests of the `troth` command settle and call.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("shop");

struct Approval {
  approved @0 :Bool;
  by @1 :Text;
  amounts @2 :List(Int64);
  seal @3 :Data;

  struct Note {
    text @0 :Text;
  }
}

interface Account {
  balance @0 () -> (amount :Int64);
}

interface Pinged {
  ping @0 (word :Text) -> (word :Text);
}

interface Bank extends(Pinged) {
  open @0 (owner :Text) -> (account :Account, spare :Account);
  transfer @1 (amount :Int64) -> (receipt :Approval);
}

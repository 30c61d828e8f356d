@0xca756979470146ca;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("generics");

struct Box(T) {
  # Holds one thing.

  value @0 :T;
  label @1 :Text;
  lid @2 :Lid;
  others @3 :List(Box(T));

  struct Lid {
    # Covers a box.

    below @0 :T;
    isOpen @1 :Bool;
  }
}

struct Pair(A, B) {
  union {
    first @0 :A;
    second @1 :B;
    neither @2 :Void;
  }
}

interface Source(T) {
  # Gives things.

  next @0 () -> (value :T, isLast :Bool);
  # Gives the next one.
}

interface Stack(T) extends(Source(T)) {
  # Keeps things in order.

  push @0 (value :T);
  pushAll @1 (values :List(Box(T))) -> (size :UInt32);
  swap @2 Box(T) -> Pair(T, Text);
  walk @3 () -> (cursor :Cursor);

  interface Cursor extends(Source(T)) {
    skip @0 (count :UInt32) -> stream;
  }
}

interface Shop {
  # Uses what is above.

  words @0 () -> (stack :Stack(Text));
  boxes @1 (boxes :List(Box(Text))) -> (box :Box(Shop), lid :Box(Text).Lid);
  exchange @2 [T, U] (given :T) -> (taken :U, box :Box(T));
}

interface WordStack extends(Stack(Text)) {
  count @0 () -> (words :UInt64);
}

@0xd1f0a3c5b7e92841;
# The objects that the runtime's tests talk to.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("lab");

struct Inner {
  node @0 :Node;
  number @1 :Int32;
}

struct Outer {
  inner @0 :Inner;
  title @1 :Text;
}

enum Shade {
  light @0;
  dark @1;
}

struct Choice {
  union {
    text @0 :Text;
    node @1 :Node;
    number @2 :Int32;
  }
}

enum Failure {
  synchronously @0;
  inCoroutine @1;
  inContinuation @2;
  asStandardException @3;
}

struct Value {
  value @0 :Int64;
}

struct Sample {
  # One field of each kind.
  number @0 :Int64;
  shade @1 :Shade;
  text @2 :Text;
  data @3 :Data;
  numbers @4 :List(Int32);
  texts @5 :List(Text);
  inners @6 :List(Inner);
  inner @7 :Inner;
  flag @8 :Bool;
  real @9 :Float64;
}

interface Node {
  # Makes other nodes, and remembers what it was told.

  make @0 (label :Text) -> (node :Node);
  label @1 () -> (label :Text);
  note @2 (number :Int32) -> (count :UInt32);
  notes @3 () -> (numbers :List(Int32));
  echo @4 (value :Int64) -> (value :Int64);

  nest @5 () -> (outer :Outer);
  # `outer.inner.node` is a new node called "nested".

  same @6 (node :Node) -> (node :Node);
  # Gives back what it was given.

  join @7 (left :Node, right :Node) -> (node :Node);
  # A new node, called what the two are called together.

  gather @8 (nodes :List(Node)) -> (labels :List(Text));

  hold @9 () -> (value :Int64, node :Node);
  # Answers when the test opens the gate.

  holdCancelable @10 () -> (value :Int64, node :Node) $Cxx.allowCancellation;

  fail @11 (how :Failure, type :UInt16, reason :Text) -> (node :Node, value :Int64);
  choose @12 (which :UInt16) -> (choice :Choice);

  tell @13 (node :Node, number :Int32) -> (label :Text);
  # Notes `number` in `node` and gives its label.

  forward @14 (node :Node) -> Value;
  # Makes a tail call of node.length.

  blob @15 (size :UInt32) -> (data :Data);
  absorb @16 (data :Data) -> (size :UInt32);
  push @17 (number :Int32) -> stream;
  self @18 () -> (node :Node);
  missing @19 () -> (node :Node);

  keep @20 (node :Node) -> ();
  # Holds on to `node`; null lets go.

  sample @21 (sample :Sample) -> (sample :Sample);
  any @22 (value :AnyPointer) -> (value :AnyPointer);
  lists @23 (numbers :List(Int32), texts :List(Text), inners :List(Inner), shades :List(Shade),
      matrix :List(List(Int32)), blobs :List(Data)) -> (sum :Int64);
  texts @24 (text :Text, data :Data) -> (text :Text, data :Data);
  fields @25 () -> Sample;

  later @26 () -> (node :Node);
  # A new node called "later", once the test opens the gate.

  throughCallback @27 (node :Node, value :Int64) -> (value :Int64);
  # Asks node.echo(value) and adds one.

  length @28 () -> Value;
  # How long the label is.
}

interface Special extends(Node) {
  special @0 () -> (value :Int64);
}

interface Other {
  other @0 () -> ();
}

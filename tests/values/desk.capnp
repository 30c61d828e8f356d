@0xb7f3a1d2c4e59687;
# The objects that the tests of promised values talk to.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("desk");

enum Shade {
  light @0;
  dark @1;
}

struct Point {
  x @0 :Int64;
  y @1 :Int64;
  label @2 :Text;
}

struct Pair {
  name @0 :Text;
  union {
    left @1 :Text;
    right @2 :Int64;
    middle @3 :Point;
  }
  point @4 :Point;
  place :group {
    point @5 :Point;
    floor @6 :UInt8;
  }
  next @7 :Pair;
}

struct Choice {
  union {
    first @0 :Desk;
    second @1 :Desk;
    word @2 :Text;
    inner @3 :Inner;
    other @4 :Inner;
  }
  struct Inner {
    desk @0 :Desk;
  }
}

interface Desk {
  # Calculates, makes other desks, and remembers what it was told.

  add @0 (a :Int64, b :Int64) -> (sum :Int64);

  make @1 (number :Int64) -> (number :Int64, desk :Desk);
  # A value and an object: `number` plus one, and a desk that adds `number` to every sum.

  kinds @2 (flag :Bool, i8 :Int8, i16 :Int16, i32 :Int32, i64 :Int64, u8 :UInt8, u16 :UInt16,
      u32 :UInt32, u64 :UInt64, f32 :Float32, f64 :Float64, shade :Shade, nothing :Void,
      text :Text, data :Data, point :Point, numbers :List(Int32), points :List(Point),
      texts :List(Text), thing :AnyPointer)
      -> (flag :Bool, i8 :Int8, i16 :Int16, i32 :Int32, i64 :Int64, u8 :UInt8, u16 :UInt16,
      u32 :UInt32, u64 :UInt64, f32 :Float32, f64 :Float64, shade :Shade, nothing :Void,
      text :Text, data :Data, point :Point, numbers :List(Int32), points :List(Point),
      texts :List(Text), thing :AnyPointer);
  # Gives back everything.

  pair @3 (member :Text) -> (pair :Pair);
  # `member` is the member of the union that is to be set.

  join @4 (text :Text, point :Point, numbers :List(Int64)) -> (text :Text, numbers :List(Int64));
  # "text/x/how many numbers", and the numbers with x at the end.

  fail @5 (type :UInt16, reason :Text) -> (number :Int64, desk :Desk);

  note @6 (number :Int64) -> (log :List(Int64));
  # Remembers `number`; gives all that it was told.

  hold @7 (number :Int64) -> (number :Int64, desk :Desk);
  # Gives `number` back when the test opens the gate.

  move @8 (point :Point) -> Point;
  # The results are a struct of their own.

  ask @9 (desk :Desk, number :Int64) -> (sum :Int64);
  # desk.add(number, 0)

  missing @10 (number :Int64) -> (number :Int64, desk :Desk);
  # No server has this method.

  bear @11 (number :Int64) -> (number :Int64) $Cxx.allowCancellation;
  # As hold, but can be cancelled.

  give @12 (stock :Bool) -> (desk :Desk);
  # A desk of Troth's, or one that stock Cap'n Proto serves.

  choose @13 (member :Text) -> (choice :Choice);
  # `member` is the member of the union that is to be set. A desk in it is this one.

  desks @14 (count :UInt32) -> (desks :List(Desk), places :List(Choice.Inner));
  # Desks that add 0, 1, ... to every sum; twice.
}

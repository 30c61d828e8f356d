@0xa3c5e81f7b2d9460;
# Generic interfaces, interfaces that extend several others, and values of generic structs: what the
# tests of holes in their parameters talk to.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("depot");

struct Crate(T) {
  thing @0 :T;
  label @1 :Text = "unlabelled";
  weight @2 :Int32 = 7;
  inner @3 :Crate(T);
  union {
    sealed @4 :Void;
    spare @5 :T;
  }
  stamp :group {
    port @6 :Text;
    year @7 :UInt16 = 1999;
  }
}

struct Spot {
  x @0 :Int64;
  name @1 :Text;
}

interface Shelf(T) {
  # Keeps one thing.

  put @0 (thing :T, label :Text = "put") -> (thing :T, crate :Crate(T));
  # Gives `thing` back, as it is and in a crate in a crate.

  pack @1 (crate :Crate(T)) -> Crate(T);
  # Gives it back, with `label` doubled.

  stack @2 (crates :List(Crate(T))) -> (first :Crate(T), count :UInt32);
}

interface Named {
  name @0 () -> (name :Text);
  rename @1 (name :Text) -> (name :Text);
}

interface Counted {
  count @0 (by :Int64 = 5, note :Text = "five") -> (total :Int64, note :Text);
}

interface Weighed extends(Named) {
  weigh @0 (of :Counted) -> (total :Int64);
  # of.count()
}

interface Depot extends(Weighed, Counted, Shelf(Text)) {
  # All of them, twice Named.

  shelves @0 () -> (texts :Shelf(Text), spots :Shelf(Spot), depots :Shelf(Depot),
      numbers :Shelf(List(Int64)), words :Shelf(List(Text)), anything :Shelf(AnyPointer));

  same @1 (thing :AnyPointer) -> (thing :AnyPointer);

  swap @2 [A, B] (a :A, b :B) -> (a :B, b :A, crate :Crate(A));

  spot @3 (spot :Spot = (x = 3, name = "three"), at :Int64 = -1) -> (spot :Spot);
  # `spot`, with x more by `at`.

  list @4 (numbers :List(Int64) = [1, 2], words :List(Text) = ["a"], data :Data = 0x"01 02")
      -> (numbers :List(Int64), words :List(Text), data :Data);
}

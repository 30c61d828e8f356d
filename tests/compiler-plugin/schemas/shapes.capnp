@0x9833c70c51e82fdb;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("shapes");

interface Shape {
  area @0 () -> (area :Float64);
}

interface Named $Cxx.allowCancellation {
  name @0 () -> (name :Text);
  rename @1 (name :Text);
}

interface Circle extends(Shape, Named) {
  # Inherits twice.

  radius @0 () -> (radius :Float64);
}

interface Square extends(Shape, Named) {
  side @0 () -> (side :Float64);
  rename @1 (side :Float64);
  # Has a name that a base has too.
}

interface Blob extends(Circle, Square) {
  # A diamond.
}

interface Painted {
  side @0 () -> (color :Color);
}

interface Tile extends(Square, Painted) {
  # Two bases have `side`.
}

interface Canvas {
  draw @0 (point :Point) -> stream;
  wipe @1 (speed :Float32) -> stream $Cxx.allowCancellation;
  finish @2 () -> (drawing :Drawing) $Cxx.allowCancellation;
  replace @3 Drawing -> Drawing;
  ink @4 Ink -> Ink;
}

struct Point {
  x @0 :Float32;
  y @1 :Float32;
}

struct Ink {
  amount @0 :Float32 = 1.5;
  union {
    color @1 :Color = blue;
    mixture @2 :List(Ink);
    none @3 :Void;
  }
}

struct Drawing {
  points @0 :List(Point);
  fill :union {
    none @1 :Void;
    color @2 :Color;
    image @3 :Data;
    canvas @4 :Canvas;
    hatch :group {
      angle @5 :Float32;
      line @6 :Point;
    }
  }
}

enum Color {
  red @0;
  green @1;
  blue @2;
}

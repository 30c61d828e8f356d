@0xc2443edb6c34cc07;
# Combinations that are rare. There is no namespace here, and types are called like those of Troth.

struct Promise {
  value @0 :Int32;
}

interface Ref {
  get @0 () -> (promise :Promise);
}

interface Servant extends(Ref) {
  arg @0 (arg :Arg, promise :Promise) -> Arg;
}

struct Arg {
  union {
    a :group {
      # Its type A is hidden by the enumerant A.

      x @0 :Int32;
      b :union {
        c @1 :Int32;
        d @2 :Int32;
      }
    }
    text @3 :Text;
  }
}

struct Tagged(T) {
  tag @0 :Text;
  group :group {
    union {
      value @1 :T;
      values @2 :List(Tagged(T));
      deep :group {
        value @3 :T;
      }
    }
  }
}

struct Nothing {}

interface Empty {}

interface Marker(T) {}

interface Hidden(T) extends(Marker(T)) {
  # Its base has no methods to be found by.

  look @0 (at :T) -> (seen :T);
  glance @1 () -> (seen :T);
}

interface Outer(T) {
  # Nested types that depend on a parameter around them, through several levels.

  enum Color {
    red @0;
    green @1;
  }

  struct Inner(U) {
    t @0 :T;
    u @1 :U;
    color @2 :Color;
    others @3 :List(Inner(U));
  }

  interface Looker extends(Hidden(T), Marker(Inner(T))) {
    look @0 (color :Color = green) -> (color :Color);
    # Hides one of those that it inherits.

    fill @1 (inner :Inner(Text)) -> Inner(T);
    stream @2 Inner(T) -> stream;
  }

  interface Plain extends(Empty, Ref) {
    plain @0 [X] (x :X, list :List(Inner(T))) -> (x :X, list :List(Inner(T)), nothing :Nothing);
  }

  pick @0 () -> (looker :Looker, plain :Plain);
  nothing @1 Nothing -> Nothing;
}

interface Both extends(Outer(Text).Plain, Outer(Text)) {
  list @0 (values :List(Text) = ["a"], any :AnyPointer) -> (any :AnyPointer);
  onlyAny @1 (any :AnyPointer);
  onlyText @2 (text :Text);
  tagged @4 (tagged :Tagged(Ref)) -> Tagged(Ref);
  late @3 (a :Int32 = 1, b :Data = 0x"00", c :Int32 = 3);
}

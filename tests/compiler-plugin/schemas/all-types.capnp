@0xa68b5f27dcdd334d;
# Every construct of the language.

using Cxx = import "/capnp/c++.capnp";
using Base = import "imported/base.capnp".Base;
using Persistent = import "/capnp/persistent.capnp".Persistent;
using import "imported/base.capnp".Greeting;

$Cxx.namespace("alltypes");

annotation mark(struct, field, method, interface, param) :Text;

const limit :UInt32 = 1000;

enum Fruit {
  apple @0;
  pear @1;
  plum @2;
}

struct Everything $mark("all of it") {
  void @0 :Void;
  bool @1 :Bool;
  int8 @2 :Int8;
  int16 @3 :Int16;
  int32 @4 :Int32;
  int64 @5 :Int64;
  uint8 @6 :UInt8;
  uint16 @7 :UInt16;
  uint32 @8 :UInt32;
  uint64 @9 :UInt64;
  float32 @10 :Float32;
  float64 @11 :Float64 = 2.5;
  text @12 :Text = "none";
  data @13 :Data;
  fruit @14 :Fruit = pear;
  struct @15 :Everything;
  interface @16 :Sink;
  anyPointer @17 :AnyPointer;
  anyStruct @18 :AnyStruct;
  anyList @19 :AnyList;
  capability @20 :Capability;
  lists @21 :Lists;

  group :group {
    number @22 :UInt32;
    deep :group {
      word @23 :Text;
    }
  }
  choice :union {
    left @24 :Text;
    right @25 :Inner;
    pair :group {
      a @26 :Int32;
      b @27 :Int32;
    }
    middle @28 :Void;
  }

  struct Inner {
    value @0 :Int32;
    const answer :Int32 = 42;
  }
}

struct Lists {
  voids @0 :List(Void);
  bools @1 :List(Bool);
  int8s @2 :List(Int8);
  int64s @3 :List(Int64);
  uint16s @4 :List(UInt16);
  float32s @5 :List(Float32);
  float64s @6 :List(Float64);
  texts @7 :List(Text);
  datas @8 :List(Data);
  fruits @9 :List(Fruit);
  structs @10 :List(Everything.Inner);
  interfaces @11 :List(Sink);
  nested @12 :List(List(Int32));
  texts2 @13 :List(List(Text));
  structs2 @14 :List(List(Everything.Inner));
  capabilities @15 :List(Capability);
}

interface Sink {
  write @0 (chunk :Data) -> stream;
  end @1 () -> (bytes :UInt64);
}

interface Tester extends(Base) {
  scalars @0 (bool :Bool, int8 :Int8, int16 :Int16, int32 :Int32, int64 :Int64, uint8 :UInt8,
              uint16 :UInt16, uint32 :UInt32, uint64 :UInt64, float32 :Float32,
              float64 :Float64, fruit :Fruit, void :Void)
          -> (bool :Bool, int8 :Int8, int16 :Int16, int32 :Int32, int64 :Int64, uint8 :UInt8,
              uint16 :UInt16, uint32 :UInt32, uint64 :UInt64, float32 :Float32,
              float64 :Float64, fruit :Fruit, void :Void);
  blobs @1 (text :Text, data :Data) -> (text :Text, data :Data);
  lists @2 (ints :List(Int32), texts :List(Text), inners :List(Everything.Inner),
            sinks :List(Sink), nested :List(List(Int32)), fruits :List(Fruit))
        -> (lists :Lists);
  named @3 Everything -> Everything;
  inner @4 (inner :Everything.Inner) -> (inner :Everything.Inner, everything :Everything);
  any @5 (pointer :AnyPointer, struct :AnyStruct, list :AnyList, cap :Capability)
      -> (pointer :AnyPointer, struct :AnyStruct, list :AnyList, cap :Capability);
  defaults @6 (required :Int32, bool :Bool = true, int8 :Int8 = -128,
               int64 :Int64 = -9223372036854775808, uint64 :UInt64 = 18446744073709551615,
               float32 :Float32 = 1e20, float64 :Float64 = -inf, nan :Float64 = nan,
               whole :Float64 = 123456789012345678, fruit :Fruit = plum,
               text :Text = "a \"quote\"\n\\", sink :Sink = null, void :Void = void)
           -> (summary :Text);
  lateDefault @7 (list :List(Int32) = [1, 2], number :Int32 = 5) -> (sum :Int64);
  sink @8 () -> (sink :Sink);
  generic @9 [T] (x :T) -> (y :T);
  implicit @10 () -> Greeting;
  nothing @11 () -> ();
}

interface Saved extends(Tester, Persistent(Text, Text)) {
  # Its base Persistent has no stub.
}

const origin :Everything = (int32 = 7, text = "seven");

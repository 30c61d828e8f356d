@0xb7c4e19d03a86f25;
# A tree of named files, and lists of everything: what the tests of promised lists talk to.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("folder");

struct Entry {
  name @0 :Text;
  size @1 :Int64;
  file @2 :File;
  union {
    note @3 :Text;
    rank @4 :Int64;
  }
  tags @5 :List(Text);
}

enum Color {
  red @0;
  green @1;
  blue @2;
}

interface File {
  size @0 () -> (bytes :Int64);
  name @1 () -> (name :Text);
  read @2 (from :Int64, count :Int64) -> (text :Text);
  copy @3 (name :Text) -> (file :File);
  hold @4 () -> (bytes :Int64);
  # Answers when the test opens the gate.
  fail @5 (reason :Text) -> (bytes :Int64);
  describe @6 () -> (entry :Entry);
  children @7 () -> (files :List(File));
  push @8 (number :Int64) -> stream;
}

interface Folder {
  list @0 (count :UInt32) -> (entries :List(Entry));
  # `count` entries: file "f0" of 0 bytes, "f1" of 1, ...

  files @1 (count :UInt32) -> (files :List(File));
  numbers @2 (count :UInt32) -> (numbers :List(Int64));
  words @3 (count :UInt32) -> (words :List(Text));
  colors @4 (count :UInt32) -> (colors :List(Color));
  matrix @5 (rows :UInt32) -> (rows :List(List(Int64)));
  # Row i has i numbers, from 0.

  add @6 (a :Int64, b :Int64) -> (sum :Int64);
  measure @7 (file :File) -> (bytes :Int64);
  # Asks file.size().

  nothing @8 () -> (entries :List(Entry), numbers :List(Int64), files :List(File));
  # Null lists.

  sum @9 (numbers :List(Int64)) -> (sum :Int64);
  greet @10 (name :Text) -> (text :Text);
  describe @11 (entry :Entry) -> (text :Text);
  color @12 (color :Color) -> (name :Text);
  keep @13 (entries :List(Entry)) -> (count :UInt32);
  every @14 (words :List(Text), colors :List(Color), entries :List(Entry), files :List(File),
      rows :List(List(Int64)), flags :List(Bool)) -> (text :Text);
  # What is in the lists, and how many files.

  whole @15 Entry -> (text :Text);
  # The parameters are a struct of their own.
}

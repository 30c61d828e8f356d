@0x83debac8fe85b3e1;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troth::names");

interface Awkward {
  # Names that C++, KJ or Troth use themselves.

  call @0 (call :Text, results :Text, params :Text, class :Text, id :UInt32) -> (then :Text);
  then @1 () -> Everything;
  send @2 (fill :Bool) -> (results :Bool, call :Bool);
  delete @3 (new :Int32 = -1, this :Float32 = inf) -> (delete :Int32);
  getHook @4 ();
  save @5 ();
  dispatchCall @6 ();
  unimplemented @7 ();
  ref @8 ();
  server @9 ();
  promise @10 ();
  arg @11 ();
  hook @12 ();
  dispatched @13 ();
  done @14 ();
  method @15 ();
  serverBase @16 ();
  interface @17 (interface :Interface) -> (interface :Interface);
  major @18 (errno :Int32, stdin :Text) -> (assert :Int32);
  streamingCall @19 (chunk :Data) -> stream;
  null @20 (eof :Bool) -> (null :Bool);
  field @21 (field :Everything) -> (field :Everything);
  renamed @22 (before :Bool $Cxx.name("after")) -> (before :Bool $Cxx.name("after")) $Cxx.name("anotherName");
}

interface Interface extends(Awkward) {
  call @0 () -> (own :Bool);
  # The name is taken by the base.

  fulfill @1 ();
}

struct Everything $Cxx.name("Renamed") {
  then @0 :Text;
  wait @1 :Text;
  get @2 :Int32;
  map @3 :List(Text);
  detach @4 :Bool;
  within @5 :Interface;
  other @6 :Void $Cxx.name("then_");
  union {
    a :group {
      first @7 :Bool;
    }
    b @8 :Bool;
  }
  int :union {
    long @9 :Int64;
    short @10 :Int16;
  }
}

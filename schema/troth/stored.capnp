@0xac7114c72210f4c5;
# What stores keep as bytes: the parameters and the outcome of a durable promise.
#
# A stored message has Cap'n Proto's standard framing (a table of segments, then the segments), not
# packed, and a Message as its root.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troth::stored");

struct Message {
  # A value that outlives the process that made it.

  content @0 :AnyPointer;
  # The parameters or results of a method, as that method's schema describes them. For a promise that
  # is settled from outside, whatever its maker and its waiters agree on. A capability in it is an
  # index into `refs`.

  refs @1 :List(Text);
  # The objects in `content`, each as a sturdy ref in its text form. Empty text stands for a null
  # capability.

  key @2 :Text;
  # In the parameters of a call: which object of the restorer that is the record's target; null if the
  # target is the name of an object.

  step @3 :Text;
  # In the parameters of a part of a durable call that is not a call: what it is, such as "step charge",
  # "sleep" or "promise approval". A repetition of the call that asks for something else under the
  # same id is refused.
}

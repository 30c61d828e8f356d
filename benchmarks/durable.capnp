@0xc0d18b5e2f7a4963;

using Cxx = import "/capnp/c++.capnp";
using Troth = import "/troth/annotations.capnp";
$Cxx.namespace("bench");

interface Sums {
  # What the durability benchmark calls.

  ofSteps @0 (steps :UInt32) -> (sum :Int64) $Troth.durable $Troth.recordFirst;
  # Each step returns its index plus one, and the method the sum of that.

  counts @1 () -> (started :UInt64, transactions :UInt64, statements :UInt64);
  # How often ofSteps() was started, and what the store of the vat has done.
}

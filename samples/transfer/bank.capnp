@0xd3f1a86b4c5e9027;

using Cxx = import "/capnp/c++.capnp";
using Troth = import "/troth/annotations.capnp";
$Cxx.namespace("transfer");

interface Bank {
  # Keeps accounts in the database that also records its calls.

  transfer @0 (from :Text, to :Text, amount :Int64) -> (received :Int64) $Troth.durable;
  # Moves `amount` cents, once, whatever crashes. `received` is what `to` can pass on, in the same
  # round trip. Fails if `from` does not hold that much.

  audit @1 () -> (report :Text) $Troth.durable;
  # Counts the money and the transfers, for a person to read.
}

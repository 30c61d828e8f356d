@0xe2b7950c1d84f36a;

using Cxx = import "/capnp/c++.capnp";
using Troth = import "/troth/annotations.capnp";
$Cxx.namespace("approval");

interface Shop {
  # Sells what a person has agreed to sell.

  order @0 (item :Text) -> (receipt :Text) $Troth.durable;
  # Sets `item` aside and waits, for days if it must, until somebody approves the order.
}

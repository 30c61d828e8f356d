@0x8e3a4f0c6d21b957;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bank");

interface Bank {
  # Keeps accounts.

  openAccount @0 (owner :Text, deposit :Int64) -> (account :Account);
  # Opens an account for `owner` with `deposit` cents in it.

  transfer @1 (from :Account, to :Account, amount :Int64) -> (receipt :Receipt);
  # Moves `amount` cents. Fails if `from` does not hold that much.
}

interface Account {
  # Money that belongs to somebody.

  balance @0 () -> (amount :Int64);
  deposit @1 (amount :Int64);
  withdraw @2 (amount :Int64);
}

struct Receipt {
  number @0 :UInt64;

  payer @1 :Account;
  # The account that paid.
}

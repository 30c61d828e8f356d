@0xe5d3b8a0917c64f2;
# A message board: objects that are returned by objects, and that call back.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("board");

interface Board {
  topic @0 (name :Text) -> (topic :Topic);
  # The topic of that name, which is made if it is not there.
}

interface Topic {
  name @0 () -> (name :Text);

  post @1 (text :Text) -> (number :UInt32);
  # Returns when every subscriber has read it.

  history @2 () -> (texts :List(Text));
  subscribe @3 (reader :Reader) -> (subscription :Subscription);
}

interface Reader {
  read @0 (number :UInt32, text :Text, from :Topic) -> ();
}

interface Subscription {
  cancel @0 () -> ();
}

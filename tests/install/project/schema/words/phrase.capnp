@0xd9c1b0a6f3e27458;
# Imported by greeter.capnp: a schema in a folder of its own.

interface Phrase {
  # Words that can be heard.

  read @0 () -> (text :Text);
  # The words.
}

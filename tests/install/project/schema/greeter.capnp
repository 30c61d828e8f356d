@0xa4b7d2f16c3e8950;

using Words = import "words/phrase.capnp";

interface Greeter {
  # Says hello.

  greet @0 (name :Text) -> (phrase :Words.Phrase);
  # A greeting for `name`.
}
